/// Schedules from cron expressions.
// cron-utils has an automatic module name and no descriptor.
@SuppressWarnings({"requires-automatic", "module"})
@org.jspecify.annotations.NullMarked
module dev.sluice.cron {
  requires com.cronutils;
  requires transitive dev.sluice;
  requires static org.jspecify;

  exports dev.sluice.cron;
}
