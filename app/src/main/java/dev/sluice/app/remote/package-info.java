/// The commands that speak to a running server: hand over jobs, look at them, steer queues, work.
package dev.sluice.app.remote;
