//! Execution roles: whether Lambda may assume them.

use crate::{Control, Refusal};
use lambent_engine::policy::Who;
use lambent_iam::{Iam, Parts, RoleArn};
use lambent_types::FunctionKey;
use std::sync::Arc;

const LAMBDA: Who<'static> = Who::Service("lambda.amazonaws.com");

impl Control {
    /// Refuses a role that was made here and that does not trust Lambda. One that was not made here is taken as it is: templates name
    /// roles that nobody made, and a server that runs functions on one machine has no use for them.
    pub(crate) async fn check_role(&self, function: &FunctionKey, role: &str) -> Result<(), Refusal> {
        let iam = Iam::new(Parts {
            store: Arc::clone(&self.0.store),
            clock: Arc::clone(&self.0.clock),
            ids: Arc::clone(&self.0.ids),
        });
        let Some(arn) = RoleArn::read(role) else { return Ok(()) };
        let Some(known) = iam.role(arn).await? else {
            return Ok(());
        };
        let source = function.arn();
        let facts = [
            ("aws:SourceArn", Some(source.as_str())),
            ("aws:SourceAccount", Some(function.scope.account.as_str())),
        ];
        if known.may_be_assumed(LAMBDA, &facts) {
            return Ok(());
        }
        let text = "The role defined for the function cannot be assumed by Lambda.";
        Err(Refusal::InvalidParameter(text.to_owned()))
    }
}
