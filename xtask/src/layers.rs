//! `layers`: which crate may use which. Each crate names its layer in its own Cargo.toml; dependencies that only tests use are free, and
//! a build script, which runs while others are made, may use the dev layer.

use crate::workspace::{Package, metadata};
use anyhow::{Context, Result, bail, ensure};

/// The layers of ARCHITECTURE, from the ground up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    Vocabulary,
    Contract,
    Core,
    Service,
    Adapter,
    Edge,
    Composition,
    Dev,
}

impl Layer {
    fn parse(text: &str) -> Result<Self> {
        Ok(match text {
            "vocabulary" => Self::Vocabulary,
            "contract" => Self::Contract,
            "core" => Self::Core,
            "service" => Self::Service,
            "adapter" => Self::Adapter,
            "edge" => Self::Edge,
            "composition" => Self::Composition,
            "dev" => Self::Dev,
            other => bail!("there is no layer {other:?}"),
        })
    }

    /// The layers a crate of this one may use.
    const fn may_use(self) -> &'static [Self] {
        use Layer::{Adapter, Composition, Contract, Core, Dev, Edge, Service, Vocabulary};
        match self {
            Vocabulary => &[],
            Contract | Core | Adapter => &[Vocabulary, Contract],
            Service => &[Vocabulary, Contract, Core, Service],
            Edge => &[Vocabulary, Contract, Core, Service, Edge],
            Composition | Dev => &[Vocabulary, Contract, Core, Service, Adapter, Edge, Composition, Dev],
        }
    }

    /// Crates from elsewhere that a layer must not know, and why.
    const fn must_not_know(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Vocabulary | Self::Core => &[("tokio", "decisions are pure: time, chance and effects are arguments")],
            Self::Contract | Self::Service | Self::Adapter | Self::Edge | Self::Composition | Self::Dev => &[],
        }
    }
}

/// Runs the task.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    ensure!(arguments.is_empty(), "layers takes no arguments");
    let packages = metadata()?.packages;
    let layers: Vec<(&Package, Layer)> = packages
        .iter()
        .map(|package| Ok((package, layer_of(package)?)))
        .collect::<Result<_>>()?;
    let mut wrong = Vec::new();
    for (package, layer) in &layers {
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind.as_deref() != Some("dev"))
        {
            let known = layers.iter().find(|(other, _)| other.name == dependency.name);
            let builds = dependency.kind.as_deref() == Some("build");
            if let Some((other, used)) = known
                && !layer.may_use().contains(used)
                && !(builds && *used == Layer::Dev)
            {
                wrong.push(format!(
                    "{} ({layer:?}) must not use {} ({used:?})",
                    package.name, other.name
                ));
            }
            let banned = layer.must_not_know().iter().find(|(name, _)| *name == dependency.name);
            wrong.extend(banned.map(|(name, why)| format!("{} ({layer:?}) must not use {name}: {why}", package.name)));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} crates keep to their layers", layers.len());
    Ok(())
}

fn layer_of(package: &Package) -> Result<Layer> {
    let named = package.lambent().and_then(|lambent| lambent.layer.as_deref());
    let named = named.with_context(|| format!("{} names no layer in [package.metadata.lambent]", package.name))?;
    Layer::parse(named).with_context(|| package.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adapters_do_not_know_each_other_and_nothing_reaches_up() {
        assert!(!Layer::Adapter.may_use().contains(&Layer::Adapter));
        assert!(!Layer::Edge.may_use().contains(&Layer::Adapter));
        assert!(!Layer::Contract.may_use().contains(&Layer::Service));
        assert!(Layer::Vocabulary.may_use().is_empty());
        assert!(Layer::parse("cellar").is_err());
    }
}
