"""How a child process is started so that it never outlives its parent, not even one that was killed with kill -9.

Linux only: the kernel itself ends the child (prctl PR_SET_PDEATHSIG), so no code of ours has to be alive for it.
"""

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends; ``parent`` is the process id it was started by.

    SIGKILL, because a polite end would go on serving for a while, and a stopped process would not end at all.
    """
    if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # it ended before the kernel was asked
        os.kill(os.getpid(), signal.SIGKILL)


def spawn(
    command: Sequence[str], *, environ: Mapping[str, str] | None = None, pass_fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a child that ends when we end, in a session of its own: Ctrl-C in our terminal reaches us alone.

    Call it from the main thread: the kernel takes the end of the starting *thread* for the end of the parent.
    """
    parent = os.getpid()

    def before_exec() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # a supervisor blocks signals, its children must not
        die_with_parent(parent)

    return subprocess.Popen(  # noqa: S603 - commands are our own, never a visitor's
        command,
        env=environ,
        pass_fds=pass_fds,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=before_exec,  # noqa: PLW1509 - safe here: the parent has a single thread
    )
