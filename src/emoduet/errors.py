"""What can go wrong, in one family, so that a door needs one `except`.

A message says where, what was found, what was wanted and what to do about it.
"""


class EmoduetError(Exception):
    """Base of every error that emoduet raises on purpose."""


class ConfigError(EmoduetError):
    """A recipe or an option is wrong; the message lists all problems at once."""


class CorpusError(EmoduetError):
    """A corpus folder, table or manifest is missing a piece or contradicts itself."""


class AudioError(EmoduetError):
    """A file does not decode, or holds too little sound to be used."""


class CheckpointError(EmoduetError):
    """A model folder or pretrained encoder is absent, incomplete or of the wrong kind."""


class InputError(EmoduetError):
    """What was handed to a command or a function cannot be used as asked."""


class UsageError(InputError):
    """An option asks for what there is not, or two contradict each other; at the command line this is wrong usage."""
