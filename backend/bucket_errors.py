"""What can be wrong with a bucket; apart from its client, which not every server loads."""


class BucketError(Exception):
    """The bucket could not be used; the text says why, in one sentence."""


class ObjectGoneError(BucketError):
    """The bucket answers, and does not have the object."""


class ObjectDamagedError(BucketError):
    """What the bucket sent is not what was stored."""


class ForeignBucketError(BucketError):
    """Another server keeps its images at this place."""
