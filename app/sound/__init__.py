"""What plays: the one player, each workspace's share of it, and where a panel's sound stands."""
