// The checks of checks.py for the clients that run on Node: `node judge.mjs MODULE < WORLD` prints the same lines.
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const CLOSE = 1e-6;
const TRIES = 5;
const SPARE = 1000;

const world = JSON.parse(await text(process.stdin));
const { CLIENTS } = await import(pathToFileURL(process.argv[2]));

function assert(held, words) {
  if (!held) throw new Error(words);
}

function same(vectors, expected, within = CLOSE) {
  const [found, wanted] = [vectors, expected].map((rows) => rows.map((row) => row.length).join());
  assert(found === wanted, `vectors of ${found} numbers, not ${wanted}`);
  const far = Math.max(...expected.flatMap((row, i) => row.map((number, j) => Math.abs(number - vectors[i][j]))));
  assert(far <= within, `a number is ${far} from the library's own`);
}

async function refuses(meant, ask) {
  let answered = false;
  try {
    await ask();
    answered = true;
  } catch (error) {
    const shown = [error.constructor.name, error.status ?? error.status_code, error.message, error.said].join(" ");
    for (const words of meant) assert(shown.includes(words), `the error does not say '${words}': ${shown.slice(0, 300)}`);
  }
  assert(!answered, "it was answered");
}

async function exhaust() {
  const headers = { authorization: `Bearer ${world.limited}`, "content-type": "application/json" };
  const body = JSON.stringify({ input: "a" });
  for (let sent = 0; sent < SPARE; sent++) {
    const answer = await fetch(`${world.address}/openai/v1/embeddings`, { method: "POST", headers, body });
    await answer.arrayBuffer();
    if (answer.status === 429) return;
  }
  assert(false, `${SPARE} requests were within the limit`);
}

async function limited(client, vectors) {
  for (let left = TRIES; ; left--) {
    await exhaust();
    const hasty = client.connect(world.address, world.limited, 0);
    const refused = await client.embed(hasty, client.model, world.texts[0]).then(() => false, () => true);
    if (refused) break;
    assert(left > 1, "it was answered although the key had nothing left");
  }
  const patient = client.connect(world.address, world.limited, client.retries);
  same(await client.embed(patient, client.model, world.texts[0]), vectors.slice(0, 1));
}

function* checksOf(client) {
  const connected = () => client.connect(world.address, world.key, 0);
  const ask = (texts, said, model = client.model) => client.embed(connected(), model, texts, said);
  const plain = world.vectors[client.plain ?? "plain"];
  const refused = client.refused ?? {};
  yield ["one text", async () => same(await ask(world.texts[0]), plain.slice(0, 1))];
  yield ["several texts", async () => same(await ask(world.texts), plain)];
  for (const [name, [said, vectors, texts]] of Object.entries(client.wishes ?? {}))
    yield [name, async () => same(await ask(world[texts ?? "texts"], said), world.vectors[vectors])];
  if (client.slashes ?? true)
    yield ["a name with a slash and a colon", async () => same(await ask(world.texts, {}, world.slashed), plain)];
  if (client.models)
    yield ["the list of models", async () => {
      const names = (await client.models(connected())).map((name) => name.replace(/^models\//, "").replace(/:latest$/, ""));
      assert(names.includes(client.model) && names.includes(world.slashed), `it lists ${names}`);
    }];
  if (refused.key)
    yield ["a wrong key", () =>
      refuses(refused.key, () => client.embed(client.connect(world.address, "sk-wrong", 0), client.model, world.texts))];
  if (refused.model) yield ["an unknown model", () => refuses(refused.model, () => ask(world.texts, {}, "nothing-served"))];
  if (refused.long) yield ["a text that is too long", () => refuses(refused.long, () => ask(world.long))];
  else
    yield ["a text that is too long", async () => same(await ask(world.long), world.vectors[client.long ?? "long"])];
  if (client.retries) yield ["a limit that passes", () => limited(client, plain)];
}

function version(name) {
  const packages = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(packages)).version;
}

for (const [name, client] of Object.entries(CLIENTS))
  for (const [check, run] of checksOf(client)) {
    const failed = await run().then(() => null, (error) => `${error.constructor.name}: ${error.message}`);
    console.log(JSON.stringify({ client: name, version: version(client.package), check, failed }));
  }
process.exit(0); // sockets that a client keeps open would keep it waiting
