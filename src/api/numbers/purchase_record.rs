//! The record of a purchase while its outcome is not known.

use super::body::refused;
use crate::api::audit::{self, Change};
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{Number, PhoneNumber, TenantId};
use crate::store::number_purchases::{self, Standing};
use crate::store::{Error, numbers};

/// A number reserved for one tenant. Dropped without a word it stays so, and
/// counts as a purchase that may have happened once nobody can be at it.
pub(super) struct PurchaseRecord<'a> {
    state: &'a ApiState,
    tenant_id: TenantId,
    phone_number: PhoneNumber,
    /// Whether an earlier purchase by the same tenant may have happened.
    pub(super) may_have_happened: bool,
    /// Whether another tenant had it ordered long ago: it must be
    /// [taken over](Self::take_over) first.
    pub(super) is_anothers: bool,
}

impl<'a> PurchaseRecord<'a> {
    /// Reserves a number, unless somebody has it, or wants it too.
    pub(super) async fn open(
        state: &'a ApiState,
        operator: &Operator,
        phone_number: &PhoneNumber,
    ) -> Result<Self, ApiError> {
        let (tenant_id, now) = (operator.tenant_id, state.clock.now());
        let own = numbers::find_of_tenant(&state.store, tenant_id, phone_number).await?;
        if own.is_some() {
            return Err(ApiError::Conflict("the number is yours already"));
        }
        if numbers::is_taken(&state.store, phone_number).await? {
            return Err(ApiError::NotFound);
        }
        let mut tx = state.store.begin().await?;
        let standing = number_purchases::reserve(&mut tx, tenant_id, phone_number, now).await?;
        tx.commit().await?;
        match standing {
            Standing::Fresh | Standing::MayHaveHappened | Standing::Forgotten => {}
            Standing::UnderWay => return Err(ApiError::InFlight),
            Standing::Taken => return Err(ApiError::NotFound),
        }
        Ok(Self {
            state,
            tenant_id,
            phone_number: phone_number.clone(),
            may_have_happened: standing == Standing::MayHaveHappened,
            is_anothers: standing == Standing::Forgotten,
        })
    }

    /// Nothing came of what another tenant had ordered, or the platform says so.
    pub(super) async fn take_over(&self) -> Result<(), ApiError> {
        let (store, now) = (&self.state.store, self.state.clock.now());
        let number = &self.phone_number;
        if number_purchases::take_over(store, self.tenant_id, number, now).await? {
            Ok(())
        } else {
            Err(ApiError::NotFound)
        }
    }

    /// The account does not have it, and the carrier is asked for it now.
    pub(super) async fn order(&self) -> Result<(), Error> {
        number_purchases::order(&self.state.store, self.tenant_id, &self.phone_number).await
    }

    /// It did not happen.
    pub(super) async fn strike(&self) -> Result<(), Error> {
        number_purchases::settle(&self.state.store, self.tenant_id, &self.phone_number).await
    }

    /// Nobody knows whether it happened; whoever asks again finds out.
    pub(super) async fn leave_open(&self) -> Result<(), Error> {
        number_purchases::leave(&self.state.store, self.tenant_id, &self.phone_number).await
    }

    /// The number is the tenant's from now on, unless somebody else was faster.
    pub(super) async fn keep(
        &self,
        operator: &Operator,
        number: &Number,
        action: &'static str,
    ) -> Result<(), ApiError> {
        let mut tx = self.state.store.begin().await?;
        match numbers::insert(&mut tx, number).await {
            Ok(()) => {}
            Err(Error::Conflict) => {
                drop(tx);
                self.strike().await?;
                return Err(ApiError::NotFound);
            }
            Err(error) => return Err(refused(error)),
        }
        number_purchases::settle(&mut tx, self.tenant_id, &self.phone_number).await?;
        let change = Change {
            action,
            object: number.id.to_string(),
            fields: &["phone_number", "label", "receptionist_id"],
        };
        audit::commit(tx, (self.state, operator), self.tenant_id, change).await?;
        Ok(())
    }
}
