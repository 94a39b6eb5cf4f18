//! The X-Ray daemon, where functions reach it.

use lambent_invoker::TraceDaemon;
use lambent_sandbox::BoxFuture;
use lambent_types::FunctionKey;
use lambent_xray::XRayService;
use std::{io, net::UdpSocket};

/// Takes what functions tell of their traces to the service.
pub(crate) struct Daemon(pub(crate) XRayService);

impl TraceDaemon for Daemon {
    fn serve(&self, socket: UdpSocket, function: &FunctionKey) -> io::Result<BoxFuture<'static, ()>> {
        Ok(Box::pin(self.0.serve_daemon(socket, function.scope.clone())?))
    }
}
