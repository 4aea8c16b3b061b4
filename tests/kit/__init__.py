"""What the tests are made with: virtual time, ladders, phones, trunks, tones, browsers."""
