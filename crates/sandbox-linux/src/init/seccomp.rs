//! System calls that functions have no use for, and that kernels have had holes in.
//!
//! A deny-list: a refused call answers with an error, as it does for an unprivileged process anyway, and never ends the process.

use crate::step::{Step, StepError};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, sock_filter,
};
use std::collections::BTreeMap;

/// The compiled filter, in the order in which its parts are loaded.
pub(crate) struct Filter {
    programs: Vec<BpfProgram>,
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Answered with EPERM whatever their arguments.
const REFUSED: &[libc::c_long] = &[
    // Mounts.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    // Namespaces.
    libc::SYS_unshare,
    libc::SYS_setns,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // Large, rarely needed parts of the kernel.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_fanotify_init,
    libc::SYS_lookup_dcookie,
    libc::SYS_vhangup,
    // Keys are not in a namespace of their own.
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    // The machine.
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_nfsservctl,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_mbind,
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
];

/// The same, where only x86-64 has the call.
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[libc::c_long] = &[
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_uselib,
    libc::SYS_ustat,
    libc::SYS_sysfs,
    libc::SYS__sysctl,
];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: &[libc::c_long] = &[];

/// Each of these flags of `clone` makes a namespace. CLONE_NEWTIME lies in the byte of the exit signal: `clone` cannot ask for it.
const NAMESPACE_FLAGS: [libc::c_int; 7] = [
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];

/// The families a function may open sockets of; all others are refused.
const ALLOWED_FAMILIES: [libc::c_int; 4] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
/// The type's bits of the second argument of `socket`, beside SOCK_CLOEXEC and SOCK_NONBLOCK.
const SOCKET_TYPE: u64 = 0xf;
/// Pushes input into a terminal, as if its user had typed it. The C libraries disagree on the type of ioctl numbers.
const TIOCSTI: u64 = 0x5412;
/// The same, and more, for consoles.
const TIOCLINUX: u64 = 0x541c;
/// Asks for the execution domain instead of setting it.
const PERSONALITY_QUERY: u64 = 0xffff_ffff;

impl Filter {
    /// Compiles the filter for this machine.
    ///
    /// # Errors
    /// A rule the compiler refuses, or a machine it does not know.
    pub(crate) fn compile() -> Result<Self, StepError> {
        let arch = TargetArch::try_from(std::env::consts::ARCH).step("compile the system call filter")?;
        let compile = |rules: Rules, errno: libc::c_int| -> Result<BpfProgram, StepError> {
            let action = SeccompAction::Errno(errno.cast_unsigned());
            SeccompFilter::new(rules, SeccompAction::Allow, action, arch)
                .and_then(BpfProgram::try_from)
                .step("compile the system call filter")
        };
        // Its flags lie in memory, where a filter cannot look. The C libraries fall back to `clone` when it is said not to exist.
        let unknown = Rules::from([(libc::SYS_clone3, Vec::new())]);
        let refused = compile(rules().step("compile the system call filter")?, libc::EPERM)?;
        Ok(Self {
            programs: vec![compile(unknown, libc::ENOSYS)?, without_x32(refused)],
        })
    }
}

/// Puts the filter in force for this process and all its children, for good.
pub(crate) fn load(filter: &Filter) -> Result<(), StepError> {
    filter
        .programs
        .iter()
        .try_for_each(|program| seccompiler::apply_filter(program))
        .step("load the system call filter")
}

fn rules() -> Result<Rules, seccompiler::BackendError> {
    let mut rules: Rules = REFUSED
        .iter()
        .chain(REFUSED_HERE)
        .map(|call| (*call, Vec::new()))
        .collect();
    let namespaces = NAMESPACE_FLAGS.into_iter().map(|flag| {
        let flag = u64::from(flag.cast_unsigned());
        SeccompRule::new(vec![dword(0, SeccompCmpOp::MaskedEq(flag), flag)?])
    });
    rules.insert(libc::SYS_clone, namespaces.collect::<Result<_, _>>()?);
    let other_families = ALLOWED_FAMILIES
        .iter()
        .map(|family| dword(0, SeccompCmpOp::Ne, u64::from(family.cast_unsigned())));
    rules.insert(
        libc::SYS_socket,
        vec![
            SeccompRule::new(other_families.collect::<Result<_, _>>()?)?,
            raw_socket(libc::AF_INET)?,
            raw_socket(libc::AF_INET6)?,
            SeccompRule::new(vec![
                dword(0, SeccompCmpOp::Eq, u64::from(libc::AF_NETLINK.cast_unsigned()))?,
                dword(2, SeccompCmpOp::Ne, u64::from(libc::NETLINK_ROUTE.cast_unsigned()))?,
            ])?,
        ],
    );
    rules.insert(
        libc::SYS_ioctl,
        vec![
            SeccompRule::new(vec![dword(1, SeccompCmpOp::Eq, TIOCSTI)?])?,
            SeccompRule::new(vec![dword(1, SeccompCmpOp::Eq, TIOCLINUX)?])?,
        ],
    );
    rules.insert(
        libc::SYS_personality,
        vec![SeccompRule::new(vec![
            dword(0, SeccompCmpOp::Ne, 0)?,
            dword(0, SeccompCmpOp::Ne, PERSONALITY_QUERY)?,
        ])?],
    );
    Ok(rules)
}

fn raw_socket(family: libc::c_int) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![
        dword(0, SeccompCmpOp::Eq, u64::from(family.cast_unsigned()))?,
        dword(
            1,
            SeccompCmpOp::MaskedEq(SOCKET_TYPE),
            u64::from(libc::SOCK_RAW.cast_unsigned()),
        )?,
    ])
}

fn dword(index: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value)
}

/// Refuses the calls of the x32 interface, which have other numbers and would pass the rules unseen.
///
/// The instructions go before the program: jumps are relative, so it does not notice.
fn without_x32(program: BpfProgram) -> BpfProgram {
    const X32_BIT: u32 = 0x4000_0000;
    let instruction = |code: u32, jt: u8, jf: u8, k: u32| sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    };
    let not_a_call = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned();
    let guard = [
        // The call's number is the first word of what a filter sees.
        instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        instruction(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 0, 1, X32_BIT),
        instruction(libc::BPF_RET | libc::BPF_K, 0, 0, not_a_call),
    ];
    guard.into_iter().chain(program).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_compiles_and_fits_the_kernel() {
        let filter = Filter::compile().unwrap();
        assert!(filter.programs.iter().all(|program| program.len() < 4_096));
    }
}
