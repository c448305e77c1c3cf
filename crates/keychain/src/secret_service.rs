//! The freedesktop Secret Service on Linux: GNOME keyring, KWallet, `KeePassXC`.
//!
//! Reading from a locked keyring opens a password dialog and waits for the person. So every call
//! asks first, with requests that never prompt (Secret Service API 0.2: `ReadAlias`, the `Locked`
//! property, `SearchItems`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use keyring_core::{CredentialStore, Error};
use zbus::blocking::fdo::DBusProxy;
use zbus::blocking::{Connection, Proxy};
use zbus::names::BusName;
use zbus::zvariant::OwnedObjectPath;

use crate::error::{KeychainError, Result, absent, refused};
use crate::native::Platform;
use crate::store::{Description, StoreKind};

const NAME: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";

pub(crate) fn description() -> Description {
    Description {
        kind: StoreKind::SecretService,
        name: "the desktop's keyring (Secret Service)".to_owned(),
        survives_restart: true,
        encrypted: true,
    }
}

pub(crate) fn connect() -> Result<SecretService> {
    Ok(SecretService {
        bus: Bus::connect()?,
        store: Mutex::new(None),
    })
}

/// The connection for asking, and the library's store for working.
pub(crate) struct SecretService {
    bus: Bus,
    /// With the bus name it was made for: a restarted keyring knows nothing of our session.
    store: Mutex<Option<(String, Arc<CredentialStore>)>>,
}

impl Platform for SecretService {
    fn kind(&self) -> StoreKind {
        StoreKind::SecretService
    }

    fn entry_limit(&self) -> Option<usize> {
        None
    }

    fn ready(&self, service: &str, key: Option<&str>) -> Result<Arc<CredentialStore>> {
        self.usable()?;
        // An entry may have been moved to another keyring, which has a lock of its own.
        if let Some(key) = key
            && self.bus.has_locked_entry(service, key)?
        {
            return Err(KeychainError::Locked);
        }
        self.store()
    }

    fn modifiers(&self, key: &str) -> Vec<(&'static str, String)> {
        vec![("label", format!("Evergrant: {key}"))]
    }

    fn explain(&self, error: &Error) -> KeychainError {
        // It may have been locked between the question and the call.
        match error {
            Error::NoStorageAccess(_) => match self.usable() {
                Err(known) => known,
                Ok(()) => refused(error.to_string()),
            },
            error => refused(error.to_string()),
        }
    }
}

impl SecretService {
    fn usable(&self) -> Result<()> {
        match self.bus.collection()? {
            Collection::None => Err(absent("the desktop's keyring has no default keyring yet")),
            Collection::Locked { .. } => Err(KeychainError::Locked),
            Collection::Unlocked { .. } => Ok(()),
        }
    }

    fn store(&self) -> Result<Arc<CredentialStore>> {
        let owner = self.bus.owner()?.unwrap_or_default();
        let mut kept = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, store)) = kept.as_ref()
            && *of == owner
        {
            return Ok(Arc::clone(store));
        }
        let store: Arc<CredentialStore> = zbus_secret_service_keyring_store::Store::new()
            .map_err(|error| refused(error.to_string()))?;
        *kept = Some((owner, Arc::clone(&store)));
        Ok(store)
    }
}

/// The session bus, for questions that never prompt.
pub(crate) struct Bus {
    connection: Connection,
}

/// The default collection ("keyring" to a person).
pub(crate) enum Collection {
    None,
    Locked { path: String },
    Unlocked { path: String },
}

impl Bus {
    pub(crate) fn connect() -> Result<Self> {
        let connection = Connection::session()
            .map_err(|error| absent(format!("there is no session bus ({error})")))?;
        Ok(Self { connection })
    }

    /// The bus name of the process that provides the service, if one runs.
    pub(crate) fn owner(&self) -> Result<Option<String>> {
        let bus = self.dbus()?;
        match bus.get_name_owner(name()?) {
            Ok(owner) => Ok(Some(owner.to_string())),
            Err(zbus::fdo::Error::NameHasNoOwner(_)) => Ok(None),
            Err(error) => Err(refused(error.to_string())),
        }
    }

    /// Whether the bus would start the service when asked for it.
    pub(crate) fn can_start(&self) -> Result<bool> {
        let names = self
            .dbus()?
            .list_activatable_names()
            .map_err(|error| refused(error.to_string()))?;
        Ok(names.iter().any(|name| name.as_str() == NAME))
    }

    /// What a person calls the process behind the service.
    pub(crate) fn provider(&self) -> Option<String> {
        let process = self
            .dbus()
            .ok()?
            .get_connection_unix_process_id(name().ok()?)
            .ok()?;
        let program = std::fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
        Some(program.trim().to_owned())
    }

    /// The default collection and whether it is locked. Starts the service if the bus can.
    pub(crate) fn collection(&self) -> Result<Collection> {
        if self.owner()?.is_none() && !self.can_start()? {
            return Err(absent("nothing on this session bus provides a keyring"));
        }
        let path: OwnedObjectPath = self
            .proxy(ROOT, "org.freedesktop.Secret.Service")?
            .call("ReadAlias", &("default",))
            .map_err(|error| not_started(&error))?;
        let path = path.as_str();
        if path == "/" {
            return Ok(Collection::None);
        }
        let locked: bool = self
            .proxy(path, "org.freedesktop.Secret.Collection")?
            .get_property("Locked")
            .map_err(|error| refused(error.to_string()))?;
        let path = path.to_owned();
        Ok(if locked {
            Collection::Locked { path }
        } else {
            Collection::Unlocked { path }
        })
    }

    /// Whether the entry exists somewhere where reading it would prompt.
    fn has_locked_entry(&self, service: &str, key: &str) -> Result<bool> {
        let attributes = HashMap::from([("service", service), ("username", key)]);
        let (_, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) = self
            .proxy(ROOT, "org.freedesktop.Secret.Service")?
            .call("SearchItems", &(attributes,))
            .map_err(|error| refused(error.to_string()))?;
        Ok(!locked.is_empty())
    }

    fn dbus(&self) -> Result<DBusProxy<'_>> {
        DBusProxy::new(&self.connection).map_err(|error| refused(error.to_string()))
    }

    fn proxy<'a>(&'a self, path: &'a str, interface: &'a str) -> Result<Proxy<'a>> {
        // Uncached: a cached `Locked` would need its signal to have arrived in time.
        zbus::blocking::proxy::Builder::new(&self.connection)
            .destination(NAME)
            .and_then(|builder| builder.path(path))
            .and_then(|builder| builder.interface(interface))
            .map(|builder| builder.cache_properties(zbus::proxy::CacheProperties::No))
            .and_then(zbus::blocking::proxy::Builder::build)
            .map_err(|error| refused(error.to_string()))
    }
}

fn name() -> Result<BusName<'static>> {
    BusName::try_from(NAME).map_err(|error| refused(error.to_string()))
}

/// A service that the bus knows and can't start is as good as none.
fn not_started(error: &zbus::Error) -> KeychainError {
    let zbus::Error::MethodError(name, ..) = error else {
        return refused(error.to_string());
    };
    let name = name.as_str();
    let of_the_bus = name.starts_with("org.freedesktop.DBus.Error.Spawn.")
        || name == "org.freedesktop.DBus.Error.ServiceUnknown";
    if of_the_bus {
        absent(format!("the keyring service can't be started ({name})"))
    } else {
        refused(error.to_string())
    }
}
