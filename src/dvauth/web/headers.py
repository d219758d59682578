"""The security headers of every answer (OWASP ASVS 3.4)."""

ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
AT_CENTRE = (("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),)
NEVER_STORED = (("Cache-Control", "no-store"),)
WITHOUT_PAGE = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"),
)
FOR_PROGRAMS = (*ALWAYS, *NEVER_STORED, *WITHOUT_PAGE)
