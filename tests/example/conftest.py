"""What the tests of the example share."""

from whole_shop import typed as typed
