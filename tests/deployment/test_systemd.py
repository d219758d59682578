"""deploy/systemd/dvauth, the command for root: it has the settings that systemd gives to the service."""

import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "deploy" / "systemd"


def run(folder: Path, environment: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command with this file of settings. In dvauth's place a program shows what it was given."""
    (folder / "environment").write_text(environment)
    script = (SYSTEMD / "dvauth").read_text()
    script = script.replace("/etc/dvauth/environment", str(folder / "environment"))
    script = script.replace("runuser -u dvauth -- /opt/dvauth/bin/dvauth", "env")
    command = ["sh", "-c", script, "dvauth", *arguments]
    return subprocess.run(command, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)


def settings(folder: Path, environment: str) -> dict[str, str]:
    done = run(folder, environment)
    assert (done.returncode, done.stderr) == (0, "")
    shown = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return {name: value for name, value in shown.items() if name.startswith("DVAUTH_")}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("DVAUTH_X=postgresql://db/d?sslmode=require&target_session_attrs=any", None),
        ("DVAUTH_X=redis://:pa$word@10.0.0.2/0", None),
        ("DVAUTH_X=a `date` $(date) ; date | # * ~ ! (b)", None),
        ("DVAUTH_X='Cổng thông tin'", "Cổng thông tin"),
        ('DVAUTH_X="it\'s $HOME"', "it's $HOME"),
        ("  DVAUTH_X=spaces around  ", "spaces around"),
        ("DVAUTH_X=", ""),
    ],
)
def test_values_are_taken_as_they_stand(tmp_path: Path, line: str, value: str | None) -> None:
    expected = line.partition("=")[2] if value is None else value
    assert settings(tmp_path, f"# a comment\n\n; another\n{line}") == {"DVAUTH_X": expected}


def test_shipped_settings_are_read(tmp_path: Path) -> None:
    read = settings(tmp_path, (SYSTEMD / "environment").read_text())
    assert read["DVAUTH_SITE_NAME"] == "Cổng thông tin điện tử tỉnh"
    assert len(read) == 6


def test_what_systemd_would_read_differently_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "DVAUTH_X=a\\b\n", "true")
    assert (done.returncode, done.stdout) == (2, "")
    assert "DVAUTH_X" in done.stderr


def test_arguments_are_handed_on(tmp_path: Path) -> None:
    assert run(tmp_path, "", "printf", "[%s]", "a b", "*").stdout == "[a b][*]"
