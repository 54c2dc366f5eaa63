"""The demo model: will a flight out of New York be cancelled, diverted or late? Real flights of 2013."""
