"""R1: workers, the database and the queue are killed at random while money moves; afterwards every cent is where it belongs."""
