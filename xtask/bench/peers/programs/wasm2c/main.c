/* The calls that are timed, and the line that is printed: the crate `measure`, in C. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wasm-rt-impl.h"

#define CALLS 10000
#define INSTANCES 20
#define REPEATS 1000

static const char *const TEXT = "The Quick Brown Fox – jumps over 13 lazy Dögs, & ÜNICODE Straße! ";
static const char *const SLUG = "the-quick-brown-fox-jumps-over-13-lazy-dögs-ünicode-straße";

_Noreturn static void fail(const char *message) {
  fprintf(stderr, "Error: %s\n", message);
  exit(1);
}

#include "host_real.h"
#include "host_small.h"

static uint64_t clock_ns(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Sets `result` to the nanoseconds that the statement takes in the fastest of `rounds` rounds of `calls`. */
#define FASTEST(result, rounds, calls, statement)            \
  do {                                                       \
    double fastest = 1e300;                                  \
    for (uint32_t round = 0; round < (rounds); round++) {    \
      uint64_t start = clock_ns(CLOCK_MONOTONIC);            \
      for (uint32_t call = 0; call < (calls); call++) {      \
        statement;                                           \
      }                                                      \
      double elapsed = (double)(clock_ns(CLOCK_MONOTONIC) - start); \
      fastest = elapsed < fastest ? elapsed : fastest;       \
    }                                                        \
    (result) = fastest / (calls);                            \
  } while (0)

static double peak_kib(void) {
  FILE *file = fopen("/proc/self/status", "r");
  char line[256];
  double kib = 0;
  while (file && fgets(line, sizeof line, file)) {
    if (sscanf(line, "VmHWM: %lf kB", &kib) == 1) break;
  }
  if (file) fclose(file);
  if (kib == 0) fail("no VmHWM");
  return kib;
}

static void report_add(const char *name, double value) { printf(",\"%s\":%.3f", name, value); }

/* Begins the line with the first result: the time since the driver started the process, and the memory used until now. */
static void report_first(const char *result) {
  uint64_t now = clock_ns(CLOCK_REALTIME);
  const char *started = getenv("PEERS_STARTED");
  if (!started) fail("PEERS_STARTED: not set");
  /* No result has a character that JSON escapes. */
  printf("{\"result\":\"%s\"", result);
  report_add("first_call_ns", (double)(now - strtoull(started, NULL, 10)));
  report_add("peak_kib", peak_kib());
}

static void measure_small(uint32_t rounds) {
  small_load();
  char result[16];
  snprintf(result, sizeof result, "%u", small_add(20, 22));
  report_first(result);
  if (rounds == 0) return;
  double ns;
  volatile u32 left = 20, right = 22, times = CALLS;
  FASTEST(ns, rounds, CALLS, if (small_add(left, right) != 42) fail("wrong sum"));
  report_add("call_ns", ns);
  FASTEST(ns, rounds, 1, small_call_host(times));
  report_add("host_ns", ns / CALLS);
  if (small_total() != (int64_t)3 * CALLS * rounds) fail("wrong total");
  FASTEST(ns, rounds, INSTANCES, small_instantiate());
  report_add("instantiate_ns", ns);
}

/* Returns the text so many times, joined by `separator`. */
static char *repeat(const char *text, const char *separator) {
  char *repeated = malloc((strlen(text) + strlen(separator)) * REPEATS + 1);
  if (!repeated) fail("out of memory");
  char *end = repeated;
  for (int i = 0; i < REPEATS; i++) {
    if (i > 0) end = stpcpy(end, separator);
    end = stpcpy(end, text);
  }
  return repeated;
}

static void check_slug(const char *title, const char *expected) {
  char *slug = real_slug(title);
  if (strcmp(slug, expected) != 0) fail("wrong slug");
  free(slug);
}

static void measure_real(uint32_t rounds) {
  real_load();
  report_first(real_slug(TEXT));
  if (rounds == 0) return;
  char *text = repeat(TEXT, ""), *expected = repeat(SLUG, "-");
  double ns;
  FASTEST(ns, rounds, 1, check_slug(text, expected));
  report_add("compute_ns", ns);
  FASTEST(ns, rounds, INSTANCES, real_instantiate());
  report_add("instantiate_ns", ns);
}

int main(int argc, char **argv) {
  if (argc != 4) fail("usage: PROGRAM small|real ROUNDS FOLDER");
  uint32_t rounds = (uint32_t)strtoul(argv[2], NULL, 10);
  wasm_rt_init();
  if (wasm_rt_impl_try() != WASM_RT_TRAP_NONE) fail("the guest trapped");
  if (strcmp(argv[1], "small") == 0) {
    measure_small(rounds);
  } else if (strcmp(argv[1], "real") == 0) {
    measure_real(rounds);
  } else {
    fail("this program has no such module");
  }
  printf("}\n");
  return 0;
}
