"""The supervisor: what dies is started again, what stops, stops in order, and nothing outlives it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dvauth import lifeline
from dvauth.processes.supervisor import Child, Process
from tests.waiting import eventually

SUPERVISE = """
import sys
from dvauth import lifeline
from dvauth.processes.supervisor import Supervisor

def say(line):
    sys.stdout.write(f"{line}\\n")  # in one piece: the children write here too
    sys.stdout.flush()

def spawn(name, command):
    process = lifeline.spawn(["sh", "-c", command])
    say(f"{name} {process.pid}")
    return process

with Supervisor(say) as supervisor:
    for name, command in zip(sys.argv[1::2], sys.argv[2::2]):
        supervisor.start(name, lambda name=name, command=command: spawn(name, command), grace_seconds=0.5)
    say("watching")
    supervisor.watch()
"""


class Watched:
    """A supervisor in a process of its own, and what it prints."""

    def __init__(self, *names_and_commands: str) -> None:
        command = [sys.executable, "-c", SUPERVISE, *names_and_commands]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def pid(self, name: str) -> int:
        told, pid = self.line().split()
        assert told == name
        return int(pid)


@contextmanager
def watched(*names_and_commands: str) -> Iterator[Watched]:
    supervisor = Watched(*names_and_commands)
    try:
        yield supervisor
    finally:
        supervisor.process.kill()
        supervisor.process.wait()
        assert supervisor.process.stdout is not None
        supervisor.process.stdout.close()


def ended(pid: int) -> bool:
    """Gone, or dead and only waiting for its parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_killed_child_is_started_again_at_once() -> None:
    with watched("redis", "exec sleep 60") as supervisor:
        first = supervisor.pid("redis")
        assert supervisor.line() == "watching"
        os.kill(first, signal.SIGKILL)
        assert supervisor.line() == "redis ended (SIGKILL); starting it again."
        second = supervisor.pid("redis")
        assert second != first
        assert not ended(second)


def test_a_child_that_keeps_ending_is_started_after_growing_pauses() -> None:
    said: list[str] = []
    child = Child("server", lambda: lifeline.spawn(["sh", "-c", "exit 3"]))
    child.process.wait()
    child.tend(said.append)
    pauses = []
    for _ in range(2):
        child.process.wait()
        pauses.append(child.tend(said.append))
        child.start()
    child.process.wait()
    assert said[0] == "server ended (exit status 3); starting it again."
    assert said[1:] == [f"server ended (exit status 3); it keeps ending, next start in {n} s." for n in ("0.5", "1")]
    assert pauses == [pytest.approx(0.5, abs=0.1), pytest.approx(1, abs=0.1)]


def test_a_child_that_cannot_be_started_again_is_tried_again() -> None:
    refusals = iter([None, OSError("Resource temporarily unavailable"), OSError("the same"), None])
    said: list[str] = []

    def spawn() -> Process:
        if refusal := next(refusals):
            raise refusal
        return lifeline.spawn(["sh", "-c", "exit 3"])

    child = Child("reaper", spawn)
    first = child.process
    first.wait()
    assert eventually(lambda: child.tend(said.append) > 0 and child.process is not first)
    child.process.wait()
    assert said == [
        "reaper ended (exit status 3); starting it again.",
        "reaper cannot be started (Resource temporarily unavailable); it keeps ending, next start in 0.5 s.",
        "reaper cannot be started (the same); it keeps ending, next start in 1 s.",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_asked_to_stop_it_ends_the_last_started_child_first(number: signal.Signals, tmp_path: Path) -> None:
    order = tmp_path / "order"
    children = [
        word for name in ("redis", "reaper", "server")
        for word in (name, f"trap 'echo {name} >> {order}; exit' TERM; echo ready; while :; do sleep 0.01; done")
    ]  # fmt: skip
    with watched(*children) as supervisor:
        lines = {supervisor.line().split()[0] for _ in range(7)}
        assert lines == {"redis", "reaper", "server", "ready", "watching"}
        supervisor.process.send_signal(number)
        assert supervisor.process.wait(5) == 0
    assert order.read_text().split() == ["server", "reaper", "redis"]


def test_a_child_that_does_not_stop_in_time_is_killed() -> None:
    with watched("server", "trap '' TERM; echo ready; while :; do sleep 0.01; done") as supervisor:
        pids = [line.split()[1] for line in (supervisor.line() for _ in range(3)) if line.startswith("server ")]
        supervisor.process.terminate()
        assert supervisor.process.wait(5) == 0
        assert ended(int(pids[0]))


def test_ctrl_c_reaches_the_supervisor_alone() -> None:
    with watched("redis", "exec sleep 60") as supervisor:
        redis = supervisor.pid("redis")
        assert os.getpgid(redis) != os.getpgid(supervisor.process.pid)


def test_children_end_with_a_supervisor_that_was_killed() -> None:
    with watched("redis", "exec sleep 60", "server", "exec sleep 60") as supervisor:
        children = [supervisor.pid("redis"), supervisor.pid("server")]
        supervisor.process.kill()
        supervisor.process.wait()
        assert eventually(lambda: all(ended(pid) for pid in children), within=2)


def test_a_child_whose_parent_is_already_gone_does_not_live_on() -> None:
    code = "from dvauth.lifeline import die_with_parent; die_with_parent(1 << 22); print('lives')"
    orphan = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert orphan.returncode == -signal.SIGKILL
    assert orphan.stdout == b""


def test_children_do_not_inherit_the_blocked_signals() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        child: Process = lifeline.spawn(["sleep", "60"])
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    child.terminate()
    assert child.wait(5) == -signal.SIGTERM
