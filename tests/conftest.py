"""What all tests share: no law is about seconds, which say more of the machine than of the law."""

from hypothesis import settings

settings.register_profile("laws", deadline=None)
settings.load_profile("laws")
