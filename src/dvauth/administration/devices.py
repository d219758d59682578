"""Which browser on which system: enough for a person to recognise a device, and nothing that singles it out."""

# Where one browser also bears another's name, the more particular one comes first.
_BROWSERS = (
    ("coc_coc_browser", "Cốc Cốc"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device_of(user_agent: str) -> str:
    """``Firefox · Windows``; what is not known is left out."""
    return _told(_first(user_agent, _BROWSERS), _first(user_agent, _SYSTEMS))


def devices_like(text: str) -> list[str]:
    """What ``device_of`` may say that has this text in it, in small or capital letters."""
    browsers, systems = ({"", *(name for _mark, name in names)} for names in (_BROWSERS, _SYSTEMS))
    said = {_told(browser, system) for browser in browsers for system in systems}
    return sorted(device for device in said if text.casefold() in device.casefold())


def _told(browser: str | None, system: str | None) -> str:
    return " · ".join(filter(None, (browser, system)))


def _first(user_agent: str, names: tuple[tuple[str, str], ...]) -> str | None:
    return next((name for mark, name in names if mark in user_agent), None)
