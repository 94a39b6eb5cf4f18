//! Makes the operations below `src/ops` the methods of the generated trait.

fn main() -> Result<(), lambent_control_build::Fault> {
    lambent_control_build::serve("XRay", "XRayService")
}
