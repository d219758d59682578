"""Who relies on us: portals and their origins."""
