"""Publishers in: bytes and packets become tracks and access units."""
