//! System calls that no safe wrapper offers. Nothing here decides anything.

use rustix::io::Errno;
use std::{
    convert::Infallible,
    ffi::{CStr, CString},
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
    ptr,
};

/// What `clone3` returns, on either side.
pub(crate) enum Forked {
    /// The new process.
    Child,
    /// The caller.
    Parent {
        /// The child's process id, as the caller sees it.
        pid: libc::pid_t,
        /// Refers to the child even after its id is used again.
        pidfd: OwnedFd,
    },
}

/// The kernel's `struct clone_args`, up to `cgroup` (Linux 5.7).
#[repr(C, align(8))]
#[derive(Default)]
struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// In the kernel's headers since Linux 5.7; wider than the type that libc gives the flags.
const CLONE_INTO_CGROUP: u64 = 1 << 33;

/// Forks into the namespaces of `namespaces` (`CLONE_NEW*`) and, if given, into a version 2 control group.
///
/// # Errors
/// The kernel's.
///
/// # Safety
/// The calling process must have one thread: the child has that thread only, and no lock of another is ever released in it.
pub(crate) unsafe fn clone3(namespaces: libc::c_int, group: Option<BorrowedFd<'_>>) -> Result<Forked, Errno> {
    let mut pidfd: RawFd = -1;
    let mut args = CloneArgs {
        flags: u64::from(namespaces.cast_unsigned()) | libc::CLONE_PIDFD as u64,
        pidfd: ptr::from_mut(&mut pidfd) as u64,
        exit_signal: libc::SIGCHLD as u64,
        ..CloneArgs::default()
    };
    if let Some(group) = group {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = group.as_raw_fd().cast_unsigned().into();
    }
    // SAFETY: `args` has the layout and the size the kernel expects and outlives the call; without CLONE_VM the child gets a copy
    // of this memory and goes on at this point on a copy of this stack.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, ptr::from_mut(&mut args), size_of::<CloneArgs>()) };
    match pid {
        -1 => Err(last_errno()),
        0 => Ok(Forked::Child),
        pid => {
            // SAFETY: with CLONE_PIDFD the kernel stored a new descriptor that nobody else owns.
            let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
            Ok(Forked::Parent {
                pid: pid as libc::pid_t,
                pidfd,
            })
        }
    }
}

/// The attributes that `mount_setattr` switches on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MountAttributes(u64);

impl MountAttributes {
    /// Not even root of the environment writes, and neither set-uid bits nor device files count.
    pub(crate) const SEALED: Self = Self(libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV);
    /// As [`Self::SEALED`], where device files do count.
    pub(crate) const DEVICE: Self = Self(libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC);
}

/// Switches `attributes` on for the mount that `mount` refers to and for all mounts below it. Needs Linux 5.12.
pub(crate) fn mount_setattr(mount: BorrowedFd<'_>, attributes: MountAttributes) -> Result<(), Errno> {
    set_mount_attributes(mount, attributes, libc::AT_RECURSIVE)
}

/// The same, for the mount itself only.
pub(crate) fn mount_setattr_alone(mount: BorrowedFd<'_>, attributes: MountAttributes) -> Result<(), Errno> {
    set_mount_attributes(mount, attributes, 0)
}

fn set_mount_attributes(mount: BorrowedFd<'_>, attributes: MountAttributes, depth: libc::c_int) -> Result<(), Errno> {
    /// The kernel's `struct mount_attr`.
    #[repr(C)]
    struct MountAttr {
        set: u64,
        clear: u64,
        propagation: u64,
        user_namespace: u64,
    }
    let attr = MountAttr {
        set: attributes.0,
        clear: 0,
        propagation: 0,
        user_namespace: 0,
    };
    let flags = libc::AT_EMPTY_PATH | depth;
    // SAFETY: the path is a C string and `attr` has the layout and the size the kernel expects; both outlive the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            ptr::from_ref(&attr),
            size_of::<MountAttr>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(last_errno()) }
}

/// Blocks SIGCHLD and returns a descriptor that is readable while one is pending.
pub(crate) fn child_signals() -> Result<OwnedFd, Errno> {
    // SAFETY: the signal set is initialised by `sigemptyset` before it is read, and the new descriptor has no other owner.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGCHLD);
        if libc::sigprocmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut()) != 0 {
            return Err(last_errno());
        }
        match libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) {
            -1 => Err(last_errno()),
            fd => Ok(OwnedFd::from_raw_fd(fd)),
        }
    }
}

/// Ignores the signals of a terminal: the server decides when the starter ends, not a key pressed beside it.
pub(crate) fn ignore_terminal_signals() {
    for signal in [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: SIG_IGN installs no handler, so no code runs in signal context.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// Gives every signal its default action and blocks none, as a program expects at its start.
pub(crate) fn default_signals() {
    for signal in 1..=64 {
        // SAFETY: SIG_DFL installs no handler. Signals that cannot be set answer with an error that does not matter.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: the set is initialised by `sigemptyset` before it is read.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
    }
}

/// Replaces the process by `program`. Returns only when that fails.
pub(crate) fn execve(program: &CStr, arguments: &[CString], environment: &[CString]) -> Result<Infallible, Errno> {
    let null_ended = |strings: &[CString]| -> Vec<*const libc::c_char> {
        strings.iter().map(|each| each.as_ptr()).chain([ptr::null()]).collect()
    };
    let (arguments, environment) = (null_ended(arguments), null_ended(environment));
    // SAFETY: both arrays end with a null pointer and, like the strings they point to, outlive the call.
    unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    Err(last_errno())
}

/// Marks every descriptor from 3 on to be closed by the next `execve`.
pub(crate) fn close_on_exec_from_3() -> Result<(), Errno> {
    close_range(3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC)
}

/// Gives what `fd` refers to the number `number`, and lets the next `execve` keep that.
pub(crate) fn keep_as(fd: impl AsFd, number: RawFd) -> Result<(), Errno> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: takes numbers only. Whatever had the number is lost, which is why this comes right before `execve`.
    let result = unsafe {
        if fd == number {
            libc::fcntl(number, libc::F_SETFD, 0)
        } else {
            libc::dup2(fd, number)
        }
    };
    if result == -1 { Err(last_errno()) } else { Ok(()) }
}

/// Closes every descriptor from 3 on that is not in `kept`.
///
/// # Safety
/// No owner of a closed descriptor may be used or dropped afterwards.
pub(crate) unsafe fn close_all_but(kept: &[BorrowedFd<'_>]) -> Result<(), Errno> {
    let mut kept: Vec<u32> = kept.iter().map(|fd| fd.as_raw_fd().cast_unsigned()).collect();
    kept.sort_unstable();
    let mut first = 3;
    for fd in kept {
        if fd > first {
            close_range(first, fd - 1, 0)?;
        }
        first = first.max(fd + 1);
    }
    close_range(first, u32::MAX, 0)
}

fn close_range(first: u32, last: u32, flags: libc::c_uint) -> Result<(), Errno> {
    // SAFETY: takes numbers only. Who may still own the descriptors is the callers' concern, as they say.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    if result == 0 { Ok(()) } else { Err(last_errno()) }
}

/// Leaves the session keyring that was inherited for a new, empty one.
pub(crate) fn join_new_keyring() -> Result<(), Errno> {
    // SAFETY: KEYCTL_JOIN_SESSION_KEYRING takes a name or null for an anonymous keyring.
    let result = unsafe { libc::syscall(libc::SYS_keyctl, libc::KEYCTL_JOIN_SESSION_KEYRING, ptr::null::<u8>()) };
    if result == -1 { Err(last_errno()) } else { Ok(()) }
}

/// Moves this process into a new mount namespace, and into a new user namespace where asked for.
///
/// # Errors
/// The kernel's.
pub(crate) fn unshare_mounts(with_users: bool) -> Result<(), Errno> {
    use rustix::thread::UnshareFlags;
    let users = if with_users {
        UnshareFlags::NEWUSER
    } else {
        UnshareFlags::empty()
    };
    // SAFETY: the file table, which threads could lose descriptors by, stays shared.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNS | users) }
}

/// Registers an owned descriptor with the reactor.
///
/// # Errors
/// The kernel's.
pub(crate) fn watch<T: AsOwnedFd>(fd: T) -> std::io::Result<tokio::io::unix::AsyncFd<T>> {
    // SAFETY: an owned descriptor stays open for as long as its owner lives, and neither type ever changes which one it is.
    unsafe { tokio::io::unix::AsyncFd::register(fd) }.map_err(Into::into)
}

/// The owners that [`watch`] can vouch for.
pub(crate) trait AsOwnedFd: AsRawFd {}
impl AsOwnedFd for OwnedFd {}
impl AsOwnedFd for std::sync::Arc<OwnedFd> {}

/// The kernel's Landlock version; `None` where it has none or has it switched off.
pub(crate) fn landlock_abi() -> Option<i64> {
    const ASK_FOR_VERSION: u32 = 1;
    // SAFETY: with this flag the kernel takes a null pointer and no size, and answers with a number.
    let version = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            ptr::null::<u8>(),
            0_usize,
            ASK_FOR_VERSION,
        )
    };
    (version > 0).then_some(version)
}

/// Brings the loopback interface of the current network namespace up.
pub(crate) fn loopback_up(socket: impl AsFd) -> Result<(), Errno> {
    // SAFETY: all-zero bytes are a valid `ifreq`.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = from.cast_signed() as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: SIOCSIFFLAGS reads an `ifreq` with a name and flags, which `request` is.
    let result = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw const request) };
    if result == 0 { Ok(()) } else { Err(last_errno()) }
}

/// Sets an option of a socket that is a number.
pub(crate) fn set_option(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> Result<(), Errno> {
    let length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the value lives throughout the call and is as long as said.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), length) };
    if result == 0 { Ok(()) } else { Err(last_errno()) }
}

/// Sets both the soft and the hard limit of a child that inherited this process's, never above those: only root may raise them.
pub(crate) fn limit(child: rustix::process::Pid, resource: rustix::process::Resource, value: u64) -> Result<(), Errno> {
    rustix::process::prlimit(Some(child), resource, within_own(resource, value)).map(|_| ())
}

/// The same for this process.
pub(crate) fn limit_own(resource: rustix::process::Resource, value: u64) -> Result<(), Errno> {
    rustix::process::setrlimit(resource, within_own(resource, value))
}

fn within_own(resource: rustix::process::Resource, value: u64) -> rustix::process::Rlimit {
    let most = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let value = Some(value.min(most));
    rustix::process::Rlimit {
        current: value,
        maximum: value,
    }
}

/// Raises the soft limit to the hard one.
pub(crate) fn raise_to_hard_limit(resource: rustix::process::Resource) -> Result<(), Errno> {
    let maximum = rustix::process::getrlimit(resource).maximum;
    rustix::process::setrlimit(
        resource,
        rustix::process::Rlimit {
            current: maximum,
            maximum,
        },
    )
}

/// Forks. The child shares nothing with the caller but open files.
///
/// # Errors
/// The kernel's.
///
/// # Safety
/// As for [`clone3`]: the calling process must have one thread.
pub(crate) unsafe fn fork() -> Result<Option<rustix::process::Pid>, Errno> {
    // SAFETY: the caller promises that there is one thread.
    match unsafe { libc::fork() } {
        -1 => Err(last_errno()),
        pid => Ok(rustix::process::Pid::from_raw(pid)),
    }
}

/// Sends a signal to every process that this one may signal, except itself and, in a namespace, except pid 1.
pub(crate) fn kill_all_others(signal: rustix::process::Signal) -> Result<(), Errno> {
    // SAFETY: takes numbers only.
    let result = unsafe { libc::kill(-1, signal.as_raw()) };
    if result == 0 { Ok(()) } else { Err(last_errno()) }
}

/// Ends this process at once, without running anything that was set up for its end.
pub(crate) fn exit_now(status: i32) -> ! {
    // SAFETY: ends the process; no code of it runs any more.
    unsafe { libc::_exit(status) }
}

/// Takes ownership of standard input and leaves `/dev/null` in its place.
///
/// # Safety
/// Nothing else may own descriptor 0.
pub(crate) unsafe fn take_standard_input() -> Result<OwnedFd, Errno> {
    // SAFETY: the caller promises that nobody else owns descriptor 0. It is duplicated, so that 0 stays open throughout.
    let input = unsafe { BorrowedFd::borrow_raw(0) };
    let taken = rustix::io::fcntl_dupfd_cloexec(input, 3)?;
    let null = rustix::fs::open(c"/dev/null", rustix::fs::OFlags::RDWR, rustix::fs::Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    Ok(taken)
}

fn last_errno() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)
}
