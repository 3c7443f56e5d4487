"""The panel in which recordings are opened, seen, played and analysed."""
