//! Finds the operations of this crate and of those it puts together.

fn main() -> Result<(), lambent_control_build::Fault> {
    lambent_control_build::compose(&[
        ("lambent_control_attachments", "control-attachments"),
        ("lambent_control_mappings", "control-mappings"),
    ])
}
