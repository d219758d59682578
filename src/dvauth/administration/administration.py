"""All that administrators do, in one hand: the pages, the commands and the API call the same."""

from dataclasses import dataclass

from dvauth.administration.account_import import AccountImport
from dvauth.administration.accounts import AccountAdministration
from dvauth.administration.api_tokens import ApiTokenAdministration
from dvauth.administration.audit import AuditAdministration
from dvauth.administration.portals import PortalAdministration
from dvauth.administration.sessions import SessionAdministration
from dvauth.administration.statistics import StatisticsAdministration
from dvauth.administration.timeouts import TimeoutAdministration


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    accounts: AccountAdministration
    account_import: AccountImport
    api_tokens: ApiTokenAdministration
    audit: AuditAdministration
    portals: PortalAdministration
    sessions: SessionAdministration
    statistics: StatisticsAdministration
    timeouts: TimeoutAdministration
