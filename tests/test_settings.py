"""Options come from the environment; what is wrong with them is told all at once."""

from pathlib import Path

import pytest

from dvauth.settings import Settings, SettingsError

KEY = "0123456789abcdef-0123456789abcdef"
OTHER_KEY = "fedcba9876543210-fedcba9876543210"


def test_only_the_key_has_no_default() -> None:
    settings = Settings.from_environment({"DVAUTH_SECRET_KEY": KEY})
    assert settings.secret_key == (KEY,)
    assert settings.bind == "127.0.0.1:8000"
    assert settings.trusted_proxies == ()
    assert not settings.insecure_development
    assert settings.sql_url == "sqlite:////var/lib/dvauth/dvauth.sqlite3"


@pytest.mark.proves("CF1")
def test_secrets_may_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n{OTHER_KEY}\n")
    settings = Settings.from_environment({"DVAUTH_SECRET_KEY_FILE": str(tmp_path / "key")})
    assert settings.secret_key == (KEY, OTHER_KEY)


def test_all_mistakes_are_told_at_once_each_with_its_variable_and_value(tmp_path: Path) -> None:
    wrong = {
        "DVAUTH_SECRET_KEY": "secret",
        "DVAUTH_BASE_URL": "auth.example.vn",
        "DVAUTH_BIND": "8000",
        "DVAUTH_WORKERS": "two",
        "DVAUTH_THREADS": "0",
        "DVAUTH_TRUSTED_PROXIES": "10.0.0.0/33",
        "DVAUTH_COOKIE_SUFFIX": "a b",
        "DVAUTH_REDIS_URL": "http://127.0.0.1",
        "DVAUTH_DEFAULT_LOCALE": "fr",
        "DVAUTH_INSECURE_DEVELOPMENT": "maybe",
        "DVAUTH_DATABASE_URL_FILE": str(tmp_path / "missing"),
        "DVAUTH_IDEL_TIMEOUT": "5m",
    }
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment(wrong)
    told = str(refused.value).splitlines()
    assert {mistake.partition(":")[0] for mistake in told} == wrong.keys()
    for value in ("auth.example.vn", "8000", "two", "10.0.0.0/33", "a b", "fr", "maybe", "missing"):
        assert any(value in mistake for mistake in told), value


@pytest.mark.proves("CF1")
@pytest.mark.parametrize("key", ["", "secret", "x" * 64, "change-me-change-me-change-me-change-me"[:31]])
def test_missing_short_and_sample_keys_are_refused_without_repeating_them(key: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({"DVAUTH_SECRET_KEY": key})
    (mistake,) = str(refused.value).splitlines()
    assert mistake.startswith("DVAUTH_SECRET_KEY: ")
    assert not key or key not in mistake


@pytest.mark.parametrize(
    ("name", "why"), [("missing", "does not exist"), ("folder", "is no text file"), ("bytes", "is no text file")]
)
def test_file_that_cannot_be_read_is_told_by_its_variable_and_name(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({"DVAUTH_SECRET_KEY_FILE": str(tmp_path / name)})
    assert str(refused.value) == f"DVAUTH_SECRET_KEY_FILE: “{tmp_path / name}” {why}"


def test_refused_value_is_told_once() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({"DVAUTH_SECRET_KEY": KEY, "DVAUTH_TRUSTED_PROXIES": "10.0.0.0/33"})
    assert str(refused.value).count("10.0.0.0/33") == 1


def test_mistakes_are_told_in_another_language() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({"DVAUTH_SECRET_KEY": KEY, "DVAUTH_DEFAULT_LOCALE": "fr"})
    (mistake,) = refused.value.mistakes
    assert mistake.explain({"must be vi or en": "phải là vi hoặc en"}.__getitem__).endswith("“fr” phải là vi hoặc en")


def test_secret_and_its_file_together_are_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    both = {"DVAUTH_SECRET_KEY": KEY, "DVAUTH_SECRET_KEY_FILE": str(tmp_path / "key")}
    with pytest.raises(SettingsError, match="DVAUTH_SECRET_KEY_FILE: is set, and so is"):
        Settings.from_environment(both)


def test_secrets_do_not_show_in_refusals() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({"DVAUTH_SECRET_KEY": KEY, "DVAUTH_REDIS_URL": "http://:hunter2@127.0.0.1"})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("raw", "origin"),
    [
        ("https://Auth.Example.vn", "https://auth.example.vn"),
        ("https://auth.example.vn:443", "https://auth.example.vn"),
        ("http://a.localhost:8000/", "http://a.localhost:8000"),
    ],
)
def test_base_url_is_an_origin_as_browsers_write_it(raw: str, origin: str) -> None:
    environ = {"DVAUTH_SECRET_KEY": KEY, "DVAUTH_BASE_URL": raw, "DVAUTH_TRUSTED_PROXIES": "127.0.0.1"}
    assert Settings.from_environment(environ).base_url == origin


@pytest.mark.parametrize(
    "host", ["10.1.2.3:8000", "auth.example.vn", "dvauth", "localhost.example.vn", "[2001:db8::1]"]
)
def test_plain_http_is_refused_where_browsers_would_keep_no_cookie(host: str) -> None:
    environ = {"DVAUTH_SECRET_KEY": KEY, "DVAUTH_BASE_URL": f"http://{host}"}
    with pytest.raises(SettingsError, match="browsers keep no login") as refused:
        Settings.from_environment(environ)
    assert str(refused.value).startswith(f"DVAUTH_BASE_URL: “http://{host}” begins with http")
    assert Settings.from_environment(environ | {"DVAUTH_INSECURE_DEVELOPMENT": "1"}).insecure_development


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "auth.dvauth.localhost:8000", "[::1]:8000"])
def test_plain_http_that_cannot_leave_the_machine_is_accepted(host: str) -> None:
    settings = Settings.from_environment({"DVAUTH_SECRET_KEY": KEY, "DVAUTH_BASE_URL": f"http://{host}"})
    assert settings.base_url == f"http://{host}"


def test_https_without_a_proxy_that_speaks_it_is_refused() -> None:
    with pytest.raises(SettingsError, match="DVAUTH_TRUSTED_PROXIES: is not set"):
        Settings.from_environment({"DVAUTH_SECRET_KEY": KEY, "DVAUTH_BASE_URL": "https://auth.example.vn"})


@pytest.mark.parametrize("url", ["nonsense", "mysql://u:hunter2@db/dvauth", "postgresql://u:hunter2@db:port/dvauth"])
def test_database_that_dvauth_does_not_know_is_refused_without_repeating_its_url(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({"DVAUTH_SECRET_KEY": KEY, "DVAUTH_DATABASE_URL": url})
    (mistake,) = str(refused.value).splitlines()
    assert mistake.startswith("DVAUTH_DATABASE_URL: must be an SQLAlchemy URL")
    assert "hunter2" not in mistake
