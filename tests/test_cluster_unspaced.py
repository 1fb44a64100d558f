"""Names of clusters in scripts that put no spaces between words."""

import pytest

from vecsmith.clustering.naming import terms_of
from vecsmith.clustering.unspaced import Vocabulary, overlap, pieces
from vecsmith.clustering.words import words_of

DELIVERY_ZH = [
    "我的包裹还没到，请问在哪里？",
    "包裹显示已送达，但我没有收到。",
    "快递员把包裹放错了地址。",
    "请问包裹什么时候发货？",
    "物流信息三天没有更新了，包裹是不是丢了？",
    "可以改一下收货地址吗？包裹还没发出。",
    "快递太慢了，我等了一个星期。",
    "包裹送到了邻居家，快递员没有打电话。",
]
ACCOUNT_ZH = [
    "我忘记了密码，怎么重置？",
    "登录的时候一直提示密码错误。",
    "收不到验证码，无法登录账号。",
    "我的账号被锁定了，请帮我解锁。",
    "怎么修改账号的登录密码？",
    "重置密码的邮件没有收到。",
    "账号无法登录，显示密码不正确。",
    "想换手机号，可是收不到验证码。",
]
DELIVERY_JA = [
    "荷物がまだ届きません。配送状況を教えてください。",
    "配送料はいくらですか？",
    "配送料が無料になる条件を知りたいです。",
    "配達日を変更したいのですが、できますか？",
    "荷物が別の住所に届いたようです。",
    "注文した荷物はいつ届きますか？",
    "配達員が来なかったのに、不在票が入っていました。",
    "配送料が二重に請求されています。",
]
ACCOUNT_JA = [
    "パスワードを忘れました。再設定の方法を教えてください。",
    "ログインできません。パスワードが違うと表示されます。",
    "会員登録のメールが届きません。",
    "メールアドレスを変更したいです。",
    "アカウントがロックされてログインできません。",
    "パスワードの再設定メールが来ません。",
    "アカウントを削除したいのですが。",
    "ログイン画面が開きません。",
]
DELIVERY_TH = [
    "พัสดุของฉันยังไม่มาถึง",
    "ค่าจัดส่งเท่าไหร่คะ",
    "พัสดุถูกส่งไปผิดที่อยู่",
    "เมื่อไหร่จะจัดส่งสินค้า",
    "สถานะการจัดส่งไม่อัปเดตสามวันแล้ว",
    "พัสดุหายระหว่างการจัดส่ง",
    "คนส่งของไม่โทรมาก่อนส่งพัสดุ",
    "อยากเปลี่ยนที่อยู่จัดส่งพัสดุ",
]
ACCOUNT_TH = [
    "ลืมรหัสผ่านต้องทำอย่างไร",
    "เข้าสู่ระบบไม่ได้ รหัสผ่านไม่ถูกต้อง",
    "บัญชีของฉันถูกล็อก",
    "อยากเปลี่ยนรหัสผ่านของบัญชี",
    "ไม่ได้รับอีเมลรีเซ็ตรหัสผ่าน",
    "ลบบัญชีได้อย่างไรคะ",
    "เข้าสู่ระบบด้วยเบอร์โทรศัพท์ไม่ได้",
    "บัญชีถูกใช้โดยคนอื่น เข้าสู่ระบบไม่ได้",
]


def names(*groups, most=3):
    texts = [text for group in groups for text in group]
    found = terms_of(texts, [number for number, group in enumerate(groups) for _ in group], most)
    return [found[number] for number in range(len(groups))]


@pytest.mark.parametrize(
    ("delivery", "account", "parcels", "logins"),
    [
        (DELIVERY_ZH, ACCOUNT_ZH, ("包裹", "快递", "地址"), ("密码", "登录", "账号")),
        (DELIVERY_JA, ACCOUNT_JA, ("配送", "荷物", "配達"), ("パスワード", "メール", "ログイン")),
        (DELIVERY_TH, ACCOUNT_TH, ("ส่ง", "พัสดุ", "ที่อยู่"), ("บัญชี", "รหัสผ่าน", "ไม่ได้")),
    ],
    ids=["Chinese", "Japanese", "Thai"],
)
def test_clusters_are_named_by_words_and_not_by_pieces_of_sentences(delivery, account, parcels, logins):
    assert names(delivery, account) == [parcels, logins]


def test_the_longest_string_that_is_about_as_frequent_as_its_parts_is_the_word():
    fees = ["配送料が高い", "配送料は無料か", "この配送料", "配送料と送料", "配送料の請求"]
    assert names(fees, ["靴を返品", "箱を返品", "返品の期限"], most=1) == [("配送料",), ("返品",)]


def test_a_part_that_stands_alone_often_enough_is_a_word_too():
    known = Vocabulary.of([["配送料"], ["配送料"], ["配送"], ["配送日"]])
    assert known.inside(["配送料"]) == {"配送", "配送料"}
    assert Vocabulary.of([["配送料"]] * 4 + [["配送"]]).inside(["配送料"]) == {"配送料"}


def test_what_stands_side_by_side_by_chance_is_no_word():
    texts = [["猫犬"], ["犬猫"], ["猫犬"], ["猫"], ["犬"], ["猫"], ["犬"], ["猫鳥犬"], ["犬鳥猫"]]
    assert Vocabulary.of(texts).inside(["猫犬"]) == set()


def test_strings_of_one_text_are_no_words():
    assert Vocabulary.of([["配送料配送料"], ["返品"]]).words == frozenset()


def test_a_phrase_that_is_longer_than_any_word_names_nothing_by_its_pieces():
    assert Vocabulary.of([["天地玄黄宇宙洪荒日月盈昃"]] * 5).words == frozenset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("iPhoneを返品したい。", ["iPhone", "を", "返品したい"]),
        ("クレジットカードの番号", ["クレジットカード", "の", "番号"]),
        ("サーバーのerror 404です", ["サーバー", "の", "error", "404", "です"]),
        ("我想退货 OK", ["我想退货", "OK"]),
        ("배송이 늦어요", ["배송이", "늦어요"]),
        ("don't 停", ["don't", "停"]),
    ],
)
def test_text_is_parted_where_the_script_changes(text, expected):
    assert words_of(text) == expected


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("我的包裹还没到了吗", [("包", "裹", "还", "没", "到")]),
        ("届きません", [("届",)]),
        ("パスワード", [tuple("パスワード")]),
        ("เข้าสู่ระบบ", [("เข้า", "สู่", "ระ", "บ", "บ")]),
        ("ຂໍ້ຄວາມ", [("ຂໍ້", "ຄ", "ວາ", "ມ")]),
        ("ខ្ញុំ", [("ខ្ញុំ",)]),
        ("မြန်မာ", [("မြန်", "မာ")]),
    ],
)
def test_a_run_is_parted_only_where_a_word_can_end(run, expected):
    assert list(pieces(run)) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("配送", "配送料", True), ("送料", "配送", False), ("重置密码", "密码错误", True), ("退货", "退款", False)],
)
def test_words_that_share_half_are_told_once(one, other, same):
    assert overlap(one, other) is overlap(other, one) is same


def test_mixed_languages_have_names_of_both():
    english = ["the parcel is late", "my parcel is lost", "a parcel without a label"]
    assert names(english, DELIVERY_ZH, ACCOUNT_ZH, most=1) == [("parcel",), ("包裹",), ("密码",)]
    mixed = names(DELIVERY_JA, ACCOUNT_JA, DELIVERY_ZH, ACCOUNT_ZH, DELIVERY_TH, ACCOUNT_TH, english)
    assert mixed[4] == ("ส่ง", "พัสดุ", "ที่อยู่")
