"""Who could answer when: subjects by sensitivity over the coming days, the holes, and drills of absence."""
