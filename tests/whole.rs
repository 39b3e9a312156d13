//! Around the whole: a simulated carrier, the gateway, a simulated model.
