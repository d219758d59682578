"""Is this Redis fit to hold sessions? Asked once, before the service starts."""

import redis

from dvauth.explained import N_, Explained

OLDEST = (6, 2)


class UnfitRedis(Explained):
    """Redis does not answer, or would not keep sessions; the sentence is for the operator."""


class SilentRedis(UnfitRedis):
    sentence = N_("DVAUTH_REDIS_URL: Redis does not answer: {why}.")


class LoadingRedis(UnfitRedis):
    sentence = N_("DVAUTH_REDIS_URL: Redis is still loading its data; start again when it is ready.")


class WrongPassword(UnfitRedis):
    sentence = N_("DVAUTH_REDIS_URL: Redis refuses the user name or password: {why}.")


class InfoForbidden(UnfitRedis):
    sentence = N_("DVAUTH_REDIS_URL: Redis does not let this user run INFO; add +info to its access list.")


class OldRedis(UnfitRedis):
    sentence = N_("DVAUTH_REDIS_URL: Redis {version} is too old; version 6.2 or newer is needed.")


class EvictingRedis(UnfitRedis):
    sentence = N_(
        "DVAUTH_REDIS_URL: Redis has maxmemory-policy {policy} and would log people out when its memory is full; "
        "set it to noeviction."
    )


def check_redis(client: redis.Redis) -> None:
    """Raise ``UnfitRedis`` unless this Redis may hold sessions.

    Only INFO is asked: it tells the eviction policy too, and an access list often forbids CONFIG.
    """
    info = _info(client)
    version, policy = str(info["redis_version"]), info["maxmemory_policy"]
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise OldRedis(version=version)
    if policy != "noeviction":
        raise EvictingRedis(policy=policy)


def _info(client: redis.Redis) -> dict[str, object]:
    try:
        return client.info()
    except redis.exceptions.AuthenticationError as error:
        raise WrongPassword(why=_told(error)) from error
    except redis.exceptions.NoPermissionError as error:
        raise InfoForbidden from error
    except redis.exceptions.BusyLoadingError as error:
        raise LoadingRedis from error
    except (redis.exceptions.RedisError, OSError) as error:
        raise SilentRedis(why=_told(error)) from error


def _told(error: Exception) -> str:
    return str(error).rstrip(".")
