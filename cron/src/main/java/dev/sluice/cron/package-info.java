/// A [dev.sluice.Schedule] from a cron expression and a time zone.
package dev.sluice.cron;
