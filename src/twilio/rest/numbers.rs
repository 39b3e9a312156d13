//! Numbers: those that can be had, and those that we have.

use serde::Deserialize;

use super::client::Client;
use super::error::{Error, if_there};
use super::page::{Listed, Listing};
use super::read;
use super::request::{Pairs, Request};
use crate::domain::{Capabilities, NumberSid, PhoneNumber, Pii};
use crate::twilio::words::words;

words! {
    /// What kind of number it is; also the last part of the address of a search.
    NumberKind {
        /// Of a place.
        Local = "Local",
        /// Free for whoever rings.
        TollFree = "TollFree",
        /// Of a mobile network.
        Mobile = "Mobile",
    }
}

/// Which numbers are wanted.
#[derive(Clone, Debug)]
pub struct Search {
    /// ISO 3166-1, such as `US`.
    pub country: String,
    /// Of which kind.
    pub kind: NumberKind,
    /// In the United States and Canada only.
    pub area_code: Option<String>,
    /// Digits, letters, and `*` `%` `+` `$` as Twilio reads them.
    pub contains: Option<String>,
    /// What it must be able to do.
    pub needs: Capabilities,
    /// How many at most.
    pub limit: usize,
}

impl Search {
    fn pairs(&self) -> Pairs {
        let mut pairs = Pairs::new();
        let texts = [("AreaCode", &self.area_code), ("Contains", &self.contains)];
        for (name, text) in texts {
            pairs.extend(text.clone().map(|text| (name, text)));
        }
        let needs = [
            ("VoiceEnabled", self.needs.voice),
            ("SmsEnabled", self.needs.sms),
            ("MmsEnabled", self.needs.mms),
        ];
        for (name, _) in needs.iter().filter(|(_, is_needed)| *is_needed) {
            pairs.push((name, "true".to_owned()));
        }
        pairs
    }
}

/// A number that can be bought.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct AvailableNumber {
    /// The number.
    #[serde(deserialize_with = "read::text")]
    pub phone_number: PhoneNumber,
    /// The town.
    #[serde(default, deserialize_with = "read::filled")]
    pub locality: Option<String>,
    /// The state or province.
    #[serde(default, deserialize_with = "read::filled")]
    pub region: Option<String>,
    /// The postal code.
    #[serde(default, deserialize_with = "read::filled")]
    pub postal_code: Option<String>,
    /// ISO 3166-1.
    #[serde(default, deserialize_with = "read::filled")]
    pub iso_country: Option<String>,
    /// `none`, `any`, `local` or `foreign`: which address its owner must give.
    #[serde(default, deserialize_with = "read::filled")]
    pub address_requirements: Option<String>,
    #[serde(default)]
    capabilities: CapabilityFlags,
}

impl AvailableNumber {
    /// What it can do.
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities.into()
    }
}

/// Spelled `SMS` where numbers are for sale, and `sms` where they are owned.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
struct CapabilityFlags {
    voice: bool,
    #[serde(alias = "SMS")]
    sms: bool,
    #[serde(alias = "MMS")]
    mms: bool,
}

impl From<CapabilityFlags> for Capabilities {
    fn from(flags: CapabilityFlags) -> Self {
        Self {
            voice: flags.voice,
            sms: flags.sms,
            mms: flags.mms,
        }
    }
}

impl Listed for AvailableNumber {
    const MEMBER: &'static str = "available_phone_numbers";
}

/// A number of the account.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct IncomingNumber {
    /// Twilio's name for it.
    #[serde(deserialize_with = "read::text")]
    pub sid: NumberSid,
    /// The number.
    #[serde(deserialize_with = "read::text")]
    pub phone_number: PhoneNumber,
    /// What it is called at Twilio: the number itself, where nothing was said.
    #[serde(default, deserialize_with = "read::personal")]
    pub friendly_name: Option<Pii<String>>,
    /// Who is asked when it rings.
    #[serde(default, deserialize_with = "read::filled")]
    pub voice_url: Option<String>,
    /// Who is asked when that fails.
    #[serde(default, deserialize_with = "read::filled")]
    pub voice_fallback_url: Option<String>,
    /// Who is told how a call stands.
    #[serde(default, deserialize_with = "read::filled")]
    pub status_callback: Option<String>,
    #[serde(default)]
    capabilities: CapabilityFlags,
}

impl IncomingNumber {
    /// What it can do.
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities.into()
    }
}

impl Listed for IncomingNumber {
    const MEMBER: &'static str = "incoming_phone_numbers";
}

/// What a number is told; what is not said stays as it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NumberSettings {
    /// What it is called at Twilio, 64 characters at most.
    pub friendly_name: Option<String>,
    /// Where its webhooks go.
    pub webhooks: Option<NumberWebhooks>,
}

/// Where the webhooks of a number go, all by POST.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NumberWebhooks {
    /// A call comes in.
    pub voice: String,
    /// The answer to that failed.
    pub voice_fallback: String,
    /// The status of a call changed.
    pub status: String,
    /// A text message comes in; asked again if that failed.
    pub sms: String,
}

impl NumberSettings {
    fn pairs(&self) -> Pairs {
        let mut pairs = Pairs::new();
        let name = self.friendly_name.clone();
        pairs.extend(name.map(|name| ("FriendlyName", name)));
        if let Some(webhooks) = &self.webhooks {
            for (url, method, address) in [
                ("VoiceUrl", "VoiceMethod", &webhooks.voice),
                (
                    "VoiceFallbackUrl",
                    "VoiceFallbackMethod",
                    &webhooks.voice_fallback,
                ),
                ("StatusCallback", "StatusCallbackMethod", &webhooks.status),
                ("SmsUrl", "SmsMethod", &webhooks.sms),
                ("SmsFallbackUrl", "SmsFallbackMethod", &webhooks.sms),
            ] {
                pairs.push((url, address.clone()));
                pairs.push((method, "POST".to_owned()));
            }
        }
        pairs
    }
}

/// <https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource>
impl Client {
    /// Numbers that can be bought now. Twilio shows a choice of them, not all.
    ///
    /// <https://www.twilio.com/docs/phone-numbers/api/availablephonenumber-resource>
    pub async fn available_numbers(
        &self,
        search: &Search,
    ) -> Result<Listing<AvailableNumber>, Error> {
        let kind = format!("{}.json", search.kind.as_str());
        let url = self.at(&["AvailablePhoneNumbers", &search.country, &kind]);
        self.list(url, search.pairs(), search.limit).await
    }

    /// Buys a number. If that is [`Error::Unknown`], look for it with
    /// [`Client::find_number`] before asking again.
    pub async fn buy_number(
        &self,
        phone_number: &PhoneNumber,
        settings: &NumberSettings,
    ) -> Result<IncomingNumber, Error> {
        let mut pairs = vec![("PhoneNumber", phone_number.as_str().to_owned())];
        pairs.extend(settings.pairs());
        let url = self.at(&["IncomingPhoneNumbers.json"]);
        self.send(&Request::create(url, pairs)).await
    }

    /// The numbers of the account, up to `limit`.
    pub async fn numbers(&self, limit: usize) -> Result<Listing<IncomingNumber>, Error> {
        let url = self.at(&["IncomingPhoneNumbers.json"]);
        self.list(url, Pairs::new(), limit).await
    }

    /// The account's number that is this one.
    pub async fn find_number(
        &self,
        phone_number: &PhoneNumber,
    ) -> Result<Option<IncomingNumber>, Error> {
        let url = self.at(&["IncomingPhoneNumbers.json"]);
        // Twilio finds by a part of a number, too.
        let pairs = vec![("PhoneNumber", phone_number.as_str().to_owned())];
        let found: Listing<IncomingNumber> = self.list(url, pairs, FIND_LIMIT).await?;
        let mut found = found.items.into_iter();
        Ok(found.find(|number| number.phone_number == *phone_number))
    }

    /// Tells a number of the account what is to be otherwise.
    pub async fn update_number(
        &self,
        sid: &NumberSid,
        settings: &NumberSettings,
    ) -> Result<IncomingNumber, Error> {
        let url = self.at(&["IncomingPhoneNumbers", &format!("{sid}.json")]);
        self.send(&Request::update(url, settings.pairs())).await
    }

    /// Gives a number back; it is gone for good. Whether it was there.
    pub async fn release_number(&self, sid: &NumberSid) -> Result<bool, Error> {
        let url = self.at(&["IncomingPhoneNumbers", &format!("{sid}.json")]);
        let gone = if_there(self.send_for_nothing(&Request::delete(url)).await)?;
        Ok(gone.is_some())
    }
}

/// A whole number is part of few others.
const FIND_LIMIT: usize = 20;
