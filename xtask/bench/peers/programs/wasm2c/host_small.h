/* The host of the small module, which is C code now. */
#include "small.h"

struct Z_env_instance_t {
  int64_t total;
};

void Z_envZ_add(struct Z_env_instance_t *env, u64 number) { env->total += (int64_t)number; }

static struct Z_env_instance_t env;
static Z_small_instance_t small;

static void small_load(void) {
  Z_small_init_module();
  Z_small_instantiate(&small, &env);
}

static u32 small_add(u32 left, u32 right) { return Z_smallZ_add(&small, left, right); }

static void small_call_host(u32 times) { Z_smallZ_call_host(&small, times); }

static int64_t small_total(void) { return env.total; }

static void small_instantiate(void) {
  struct Z_env_instance_t other_env = {0};
  Z_small_instance_t other;
  Z_small_instantiate(&other, &other_env);
  Z_small_free(&other);
}
