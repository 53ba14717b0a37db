"""What policy owners do: write a draft, submit it, adopt it by two persons, withdraw it."""
