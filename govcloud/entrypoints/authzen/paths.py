"""Where the endpoints are: the default paths of the standard (section 10.1), and those of the Access Request & Approval Profile."""

from __future__ import annotations

METADATA = "/.well-known/authzen-configuration"
EVALUATION = "/access/v1/evaluation"
EVALUATIONS = "/access/v1/evaluations"
SEARCH_SUBJECT = "/access/v1/search/subject"
SEARCH_RESOURCE = "/access/v1/search/resource"
SEARCH_ACTION = "/access/v1/search/action"
REQUESTS = "/access/v1/requests"
REQUEST_SCHEMA = "/access/v1/request-schema"
