"""Is this Redis fit to hold sessions? Asked once, before the service starts."""

import redis

OLDEST = (6, 2)


class UnfitRedis(Exception):
    """Redis does not answer, is too old, or would throw sessions away; the message is one sentence for the operator."""


def check_redis(client: redis.Redis) -> None:
    """Raise ``UnfitRedis`` unless this Redis may hold sessions.

    Only INFO is asked: it tells the eviction policy too, and an access list often forbids CONFIG.
    """
    info = _info(client)
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise UnfitRedis(f"Redis {version} is too old; version 6.2 or newer is needed.")
    policy = info["maxmemory_policy"]
    if policy != "noeviction":
        raise UnfitRedis(
            f"Redis has maxmemory-policy {policy} and would log people out when its memory is full; "
            "set it to noeviction."
        )


def _info(client: redis.Redis) -> dict[str, object]:
    try:
        return client.info()
    except redis.exceptions.AuthenticationError as error:
        raise UnfitRedis(f"Redis refuses the user name or password: {str(error).rstrip('.')}.") from error
    except redis.exceptions.NoPermissionError as error:
        raise UnfitRedis("Redis does not let this user run INFO; add +info to its access list.") from error
    except redis.exceptions.BusyLoadingError as error:
        raise UnfitRedis("Redis is still loading its data; start again when it is ready.") from error
    except (redis.exceptions.RedisError, OSError) as error:
        raise UnfitRedis(f"Redis does not answer: {str(error).rstrip('.')}.") from error
