//! What each type of problem means, at the address that is its name.

use super::extract::Path;
use super::problem::ApiError;

/// `GET /problems/{slug}`: a type of problem, explained.
pub(super) fn show(Path(slug): Path<String>) -> Result<String, ApiError> {
    let known = PROBLEMS.iter().find(|(name, _)| *name == slug);
    let (name, meaning) = known.ok_or(ApiError::NotFound)?;
    Ok(format!("{name}\n\n{meaning}\n"))
}

/// The end of each type, and what to do about it.
const PROBLEMS: &[(&str, &str)] = &[
    (
        "malformed",
        "The request cannot be read, such as JSON with a comma too many.\n\
         `detail` says where it stops making sense.",
    ),
    (
        "invalid",
        "The request can be read, and some values are not what they should be.\n\
         `errors` has a pointer to each, and what it should be. Unknown fields are refused too.",
    ),
    (
        "unauthorized",
        "Send `Authorization: Bearer <key>`. `frontdesk key create --name <name>` makes a key.\n\
         A key that has expired or was revoked is no key.",
    ),
    (
        "which-tenant",
        "The token's subject is a member of more than one tenant. Have its issuer name one\n\
         of them in the claim `tenant_id` (`ten_…`).",
    ),
    (
        "forbidden",
        "We know who you are, and you may not do this. `detail` names the permission; `/api/me`\n\
         lists those that you have. An owner or admin gives others.",
    ),
    (
        "conflict",
        "Something that is there already stands in the way; `detail` says what.",
    ),
    (
        "in-flight",
        "A request with the same `Idempotency-Key`, or for the same thing, has not been answered\n\
         yet. Ask again after `Retry-After`; with the same key the answer will be the first one's.",
    ),
    (
        "policy-refused",
        "The tenant's outbound policy does not allow this number to be rung, or not now.\n\
         `code` is a stable word for the reason: `country_not_allowed` and its like (422) are\n\
         the number's fault, `hourly_limit` and its like (409) pass.\n\
         `/api/calls/outbound/policy` has the policy, which allows nothing at first.",
    ),
    (
        "not-configured",
        "This installation lacks a setting, which `detail` names. `frontdesk serve --help` tells\n\
         what it is and where to find it.",
    ),
    (
        "carrier-refused",
        "The carrier understood and refused; nothing has happened. `detail` has its words and its\n\
         error code, which https://www.twilio.com/docs/api/errors explains.",
    ),
    (
        "carrier-credentials",
        "The carrier does not accept TWILIO_ACCOUNT_SID with TWILIO_API_KEY and TWILIO_API_SECRET\n\
         (or TWILIO_AUTH_TOKEN). They are wrong, revoked, or of a suspended account.",
    ),
    (
        "carrier-busy",
        "The carrier takes no more requests for now; nothing has happened. Ask again after\n\
         `Retry-After`.",
    ),
    (
        "outcome-unknown",
        "The carrier was asked to make something, and its answer was lost. Ask the same again: it\n\
         is looked up before it is asked for a second time.",
    ),
    (
        "not-found",
        "There is nothing by that name, or it belongs to somebody else.",
    ),
    (
        "method-not-allowed",
        "The address is right and the method is not; the header `Allow` lists those that are.",
    ),
    (
        "range-not-satisfiable",
        "`Range` begins behind the end of what is asked for. `Content-Range` says how long it is.",
    ),
    (
        "too-large",
        "Bodies of up to 64 KiB are read, and larger ones where the documentation says so.",
    ),
    (
        "not-json",
        "Bodies are JSON, and say so: `Content-Type: application/json`.",
    ),
    (
        "timeout",
        "The answer took too long. Try again; a GET does no harm twice.",
    ),
    (
        "unavailable",
        "Something that is needed, such as the database, is away. Try again after `Retry-After`.",
    ),
    (
        "internal",
        "We failed. The log has the reason under the problem's `request_id`.",
    ),
];
