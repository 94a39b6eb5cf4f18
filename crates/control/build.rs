//! Finds the operations of this crate and of those it puts together.

fn main() -> Result<(), lambent_control_build::Fault> {
    let others = [
        ("lambent_control_attachments", "control-attachments"),
        ("lambent_control_mappings", "control-mappings"),
    ];
    lambent_control_build::compose("Lambda", "Control", &others)
}
