import os
import subprocess
import sys

import pytest

from vecsmith.local import cores
from vecsmith.local.cores import cgroup_quota, physical, usable_cores


def test_at_least_one_core_and_no_more_than_the_process_may_use():
    assert 1 <= usable_cores() <= len(cores.allowed())


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no processor affinity")
def test_affinity_limits_the_cores():
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from vecsmith.local.cores import usable_cores; print(usable_cores())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


@pytest.mark.parametrize(("content", "quota"), [("150000 100000\n", 1.5), ("max 100000\n", None), ("nonsense", None)])
def test_a_control_groups_quota_is_read(tmp_path, monkeypatch, content, quota):
    (tmp_path / "cpu.max").write_text(content)
    monkeypatch.setattr(cores, "CGROUP_2", tmp_path / "cpu.max")
    monkeypatch.setattr(cores, "CGROUP_1", (tmp_path / "none", tmp_path / "none"))
    assert cgroup_quota() == quota


@pytest.mark.parametrize(("us", "quota"), [("50000", 0.5), ("-1", None)])
def test_an_old_control_groups_quota_is_read(tmp_path, monkeypatch, us, quota):
    (tmp_path / "quota").write_text(us)
    (tmp_path / "period").write_text("100000")
    monkeypatch.setattr(cores, "CGROUP_2", tmp_path / "none")
    monkeypatch.setattr(cores, "CGROUP_1", (tmp_path / "quota", tmp_path / "period"))
    assert cgroup_quota() == quota


def test_a_quota_below_one_core_still_leaves_one(monkeypatch):
    monkeypatch.setattr(cores, "cgroup_quota", lambda: 0.2)
    assert usable_cores() == 1


def test_hardware_threads_of_one_core_count_once(tmp_path, monkeypatch):
    for cpu, siblings in {0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}.items():
        (tmp_path / str(cpu)).write_text(siblings)
    monkeypatch.setattr(cores, "SIBLINGS", str(tmp_path / "{}"))
    assert physical({0, 1, 2, 3}) == 2


def test_processors_count_as_cores_where_the_system_tells_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr(cores, "SIBLINGS", str(tmp_path / "{}"))
    assert physical({0, 1, 2}) == 3
