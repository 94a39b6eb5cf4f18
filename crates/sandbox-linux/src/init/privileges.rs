//! Who the environment's processes are, and that they can never become more.

use crate::{
    step::{Step, StepError},
    sys,
};
use rustix::{
    fs::{Gid, Uid},
    io::Errno,
    process::{DumpableBehavior, Signal, set_dumpable_behavior, set_parent_process_death_signal},
    thread::{
        CapabilitiesSecureBits, CapabilitySet, CapabilitySets, clear_ambient_capability_set,
        remove_capability_from_bounding_set, set_capabilities, set_capabilities_secure_bits, set_no_new_privs,
        set_thread_res_gid, set_thread_res_uid,
    },
};

/// The user id of functions on AWS, named `sbx_user1051` there and here.
pub(crate) const INSIDE_UID: u32 = 993;
/// Their group id on AWS.
pub(crate) const INSIDE_GID: u32 = 990;

/// Becomes the environment's user, keeping the capabilities over the environment's namespaces, and binds its life to the starter's.
pub(super) fn take_identity() -> Result<(), StepError> {
    let (uid, gid) = (Uid::from_raw(INSIDE_UID), Gid::from_raw(INSIDE_GID));
    // Refused where the host forbids `setgroups` in user namespaces; then there are no groups to lose either.
    match rustix::thread::set_thread_groups(&[]) {
        Ok(()) | Err(Errno::PERM) => {}
        Err(error) => return Err(StepError::new("clear the groups", error)),
    }
    set_thread_res_gid(gid, gid, gid).step("set the group id")?;
    set_thread_res_uid(uid, uid, uid).step("set the user id")?;
    // Changing ids clears the death signal, so it comes after. Had the starter died before, the link says so.
    set_parent_process_death_signal(Some(Signal::KILL)).step("bind to the starter's life")?;
    // The environment's processes have the same user id: without this they could read and trace the init.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).step("become unreadable")?;
    sys::join_new_keyring()
        .or_else(|error| if error == Errno::NOSYS { Ok(()) } else { Err(error) })
        .step("leave the keyring")
}

/// Sees to it that no capability comes back once it is dropped. Those held now stay in force.
pub(super) fn close_the_way_back() -> Result<(), StepError> {
    set_no_new_privs(true).step("set no_new_privs")?;
    for bit in 0..u64::BITS {
        // Retained unknown bits: a kernel newer than this code knows more capabilities than it names.
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        match remove_capability_from_bounding_set(capability) {
            Ok(()) => {}
            Err(Errno::INVAL) => break,
            Err(error) => return Err(StepError::new(format!("drop capability {bit}"), error)),
        }
    }
    clear_ambient_capability_set().step("clear the ambient capabilities")?;
    let locked = CapabilitiesSecureBits::NO_ROOT
        | CapabilitiesSecureBits::NO_ROOT_LOCKED
        | CapabilitiesSecureBits::NO_SETUID_FIXUP
        | CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED
        | CapabilitiesSecureBits::KEEP_CAPS_LOCKED
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED;
    set_capabilities_secure_bits(locked).step("lock the secure bits")
}

/// Gives up every capability.
pub(super) fn drop_all() -> Result<(), StepError> {
    let none = CapabilitySet::empty();
    set_capabilities(
        None,
        CapabilitySets {
            effective: none,
            permitted: none,
            inheritable: none,
        },
    )
    .step("drop the capabilities")
}
