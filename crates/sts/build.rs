//! Finds the operations below `src/ops`.

fn main() -> Result<(), lambent_control_build::Fault> {
    lambent_control_build::serve("STS", "Sts")
}
