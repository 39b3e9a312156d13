//! `/api/settings`: what the platform, the tenant and a member have set.

use axum::Json as JsonBody;
use axum::extract::State;

use super::audit::{self, Change};
use super::extract::{Json, Path, PathPair};
use super::operator::Operator;
use super::problem::ApiError;
use super::setting_body::{NewSetting, NewUserSetting, SettingBody, SettingsBody, reserved};
use super::state::ApiState;
use crate::domain::{Level, Lock, Permission, Reach, SettingKey, Settings, TenantId, UserId};
use crate::store::{Db, settings, users};

/// What holds for the tenant.
#[utoipa::path(get, path = "/api/settings", operation_id = "list_settings", tag = "Settings",
    responses((status = 200, body = SettingsBody)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
) -> Result<JsonBody<SettingsBody>, ApiError> {
    let all = settings::of_tenant(&state.store, operator.tenant_id, None).await?;
    Ok(JsonBody(SettingsBody::new(&all, Level::Tenant)))
}

/// Sets it for everybody at the tenant's. How long things are kept wants
/// `privacy:write` too.
#[utoipa::path(put, path = "/api/settings/{key}", operation_id = "set_setting",
    tag = "Settings", params(("key" = String, Path, description = "such as `enable_voicemail`")),
    request_body = NewSetting, responses((status = 200, body = SettingBody)))]
pub(super) async fn set(
    State(state): State<ApiState>,
    operator: Operator,
    Path(key): Path<SettingKey>,
    Json(new): Json<NewSetting>,
) -> Result<JsonBody<SettingBody>, ApiError> {
    let (tenant, entry) = (operator.tenant_id, new.into_entry(key)?);
    may_touch(&operator, key)?;
    let mut tx = state.store.begin().await?;
    settings::put_tenant(&mut tx, tenant, key, (&entry, state.clock.now())).await?;
    let all = settings::of_tenant(&mut tx, tenant, None).await?;
    may_set(&all, key, Level::Tenant)?;
    let change = changed("setting.set", key, None);
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok(JsonBody(SettingBody::new(&all, key, Level::Tenant)))
}

/// Takes back what the tenant has set.
#[utoipa::path(delete, path = "/api/settings/{key}", operation_id = "unset_setting",
    tag = "Settings", params(("key" = String, Path, description = "such as `enable_voicemail`")),
    responses((status = 200, body = SettingBody)))]
pub(super) async fn unset(
    State(state): State<ApiState>,
    operator: Operator,
    Path(key): Path<SettingKey>,
) -> Result<JsonBody<SettingBody>, ApiError> {
    let tenant = operator.tenant_id;
    may_touch(&operator, key)?;
    let mut tx = state.store.begin().await?;
    let was_set = settings::delete_tenant(&mut tx, tenant, key).await?;
    let all = settings::of_tenant(&mut tx, tenant, None).await?;
    if was_set {
        let change = changed("setting.unset", key, None);
        audit::commit(tx, (&state, &operator), tenant, change).await?;
    }
    Ok(JsonBody(SettingBody::new(&all, key, Level::Tenant)))
}

/// What holds for a member.
#[utoipa::path(get, path = "/api/users/{id}/settings", operation_id = "list_user_settings",
    tag = "Settings", params(("id" = String, Path, description = "`usr_…`")),
    responses((status = 200, body = SettingsBody)))]
pub(super) async fn list_of_user(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<UserId>,
) -> Result<JsonBody<SettingsBody>, ApiError> {
    let all = of_user(&state.store, operator.tenant_id, id).await?;
    Ok(JsonBody(SettingsBody::new(&all, Level::User)))
}

/// Sets it for one member.
#[utoipa::path(put, path = "/api/users/{id}/settings/{key}", operation_id = "set_user_setting",
    tag = "Settings", params(("id" = String, Path, description = "`usr_…`"),
        ("key" = String, Path, description = "such as `enable_voicemail`")),
    request_body = NewUserSetting, responses((status = 200, body = SettingBody)))]
pub(super) async fn set_of_user(
    State(state): State<ApiState>,
    operator: Operator,
    PathPair(id, key): PathPair<UserId, SettingKey>,
    Json(new): Json<NewUserSetting>,
) -> Result<JsonBody<SettingBody>, ApiError> {
    let (tenant, entry) = (operator.tenant_id, new.into_entry(key)?);
    may_touch(&operator, key)?;
    exists(&state.store, tenant, id).await?;
    let mut tx = state.store.begin().await?;
    settings::put_user(&mut tx, (tenant, id), key, (&entry, state.clock.now())).await?;
    let all = settings::of_tenant(&mut tx, tenant, Some(id)).await?;
    may_set(&all, key, Level::User)?;
    let change = changed("setting.set", key, Some(id));
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok(JsonBody(SettingBody::new(&all, key, Level::User)))
}

/// Takes back what was set for a member.
#[utoipa::path(delete, path = "/api/users/{id}/settings/{key}",
    operation_id = "unset_user_setting", tag = "Settings",
    params(("id" = String, Path, description = "`usr_…`"),
        ("key" = String, Path, description = "such as `enable_voicemail`")),
    responses((status = 200, body = SettingBody)))]
pub(super) async fn unset_of_user(
    State(state): State<ApiState>,
    operator: Operator,
    PathPair(id, key): PathPair<UserId, SettingKey>,
) -> Result<JsonBody<SettingBody>, ApiError> {
    let tenant = operator.tenant_id;
    may_touch(&operator, key)?;
    exists(&state.store, tenant, id).await?;
    let mut tx = state.store.begin().await?;
    let was_set = settings::delete_user(&mut tx, tenant, id, key).await?;
    let all = settings::of_tenant(&mut tx, tenant, Some(id)).await?;
    if was_set {
        let change = changed("setting.unset", key, Some(id));
        audit::commit(tx, (&state, &operator), tenant, change).await?;
    }
    Ok(JsonBody(SettingBody::new(&all, key, Level::User)))
}

/// What the platform has set for every tenant.
#[utoipa::path(get, path = "/api/platform/settings", operation_id = "list_platform_settings",
    tag = "Platform", responses((status = 200, body = SettingsBody)))]
pub(super) async fn list_of_platform(
    State(state): State<ApiState>,
) -> Result<JsonBody<SettingsBody>, ApiError> {
    let all = settings::of_platform(&state.store).await?;
    Ok(JsonBody(SettingsBody::new(&all, Level::Platform)))
}

/// Sets it for every tenant.
#[utoipa::path(put, path = "/api/platform/settings/{key}",
    operation_id = "set_platform_setting", tag = "Platform",
    params(("key" = String, Path, description = "such as `enable_voicemail`")),
    request_body = NewSetting, responses((status = 200, body = SettingBody)))]
pub(super) async fn set_of_platform(
    State(state): State<ApiState>,
    operator: Operator,
    Path(key): Path<SettingKey>,
    Json(new): Json<NewSetting>,
) -> Result<JsonBody<SettingBody>, ApiError> {
    let entry = new.into_entry(key)?;
    let mut tx = state.store.begin().await?;
    settings::put_platform(&mut tx, key, &entry, state.clock.now()).await?;
    let all = settings::of_platform(&mut tx).await?;
    let change = changed("platform_setting.set", key, None);
    audit::commit_of_platform(tx, (&state, &operator), change).await?;
    Ok(JsonBody(SettingBody::new(&all, key, Level::Platform)))
}

/// Takes back what the platform has set.
#[utoipa::path(delete, path = "/api/platform/settings/{key}",
    operation_id = "unset_platform_setting", tag = "Platform",
    params(("key" = String, Path, description = "such as `enable_voicemail`")),
    responses((status = 200, body = SettingBody)))]
pub(super) async fn unset_of_platform(
    State(state): State<ApiState>,
    operator: Operator,
    Path(key): Path<SettingKey>,
) -> Result<JsonBody<SettingBody>, ApiError> {
    let mut tx = state.store.begin().await?;
    let was_set = settings::delete_platform(&mut tx, key).await?;
    let all = settings::of_platform(&mut tx).await?;
    if was_set {
        let change = changed("platform_setting.unset", key, None);
        audit::commit_of_platform(tx, (&state, &operator), change).await?;
    }
    Ok(JsonBody(SettingBody::new(&all, key, Level::Platform)))
}

fn changed(action: &'static str, key: SettingKey, user: Option<UserId>) -> Change<'static> {
    let object = match user {
        Some(user) => format!("{user}/{}", key.as_str()),
        None => key.as_str().to_owned(),
    };
    Change {
        action,
        object,
        fields: &[],
    }
}

/// How long things are kept is said by those who may erase them: a shorter time erases.
fn may_touch(operator: &Operator, key: SettingKey) -> Result<(), ApiError> {
    let is_open = operator.rights.reach(Permission::PrivacyWrite) == Reach::All;
    if key.is_retention() && !is_open {
        return Err(ApiError::Forbidden(Permission::PrivacyWrite.as_str()));
    }
    Ok(())
}

/// What is not for this level to set, or somebody above has locked, is not set; the
/// transaction is left behind.
fn may_set(all: &Settings, key: SettingKey, level: Level) -> Result<(), ApiError> {
    if let Some(whose) = reserved(key, level) {
        return Err(ApiError::Conflict(whose));
    }
    match all.lock_above(key, level) {
        (Lock::Hard, Some(Level::Platform)) => {
            Err(ApiError::Conflict("the platform has locked this setting"))
        }
        (Lock::Hard, _) => Err(ApiError::Conflict("the tenant has locked this setting")),
        (Lock::Soft | Lock::Unlocked, _) => Ok(()),
    }
}

async fn of_user(
    store: &crate::store::Store,
    tenant: TenantId,
    id: UserId,
) -> Result<Settings, ApiError> {
    exists(store, tenant, id).await?;
    Ok(settings::of_tenant(store, tenant, Some(id)).await?)
}

async fn exists(db: impl Into<Db<'_>>, tenant: TenantId, id: UserId) -> Result<(), ApiError> {
    let user = users::find(db, tenant, id).await?;
    user.map(|_| ()).ok_or(ApiError::NotFound)
}
