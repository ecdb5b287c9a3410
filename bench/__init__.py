"""Speed, as ratios against a baseline in the same run. `./tally bench` prints them and writes JSON; rows are verified first."""
