//! The platforms' APIs: the wire types that client and local platform share.

pub mod wire;
