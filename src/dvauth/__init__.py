"""dvauth: login, Redis-backed sessions and the inactivity prompt for web portals."""
