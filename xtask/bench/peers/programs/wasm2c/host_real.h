/* The host of the module of medium size, which is C code now: text is passed as `wasm-bindgen` does. */
#include "slugs.h"

struct Z_Z2EZ2Fslugs_bgZ2Ejs_instance_t {
  int unused;
};

void Z_Z2EZ2Fslugs_bgZ2EjsZ___wbg_log_0e6c5f6cde6a7b21(
    struct Z_Z2EZ2Fslugs_bgZ2Ejs_instance_t *host, u32 pointer, u32 len) {}

void Z_Z2EZ2Fslugs_bgZ2EjsZ___wbg_rename_5a1f20c4f3d3b8e7(
    struct Z_Z2EZ2Fslugs_bgZ2Ejs_instance_t *host, u32 result, u32 pointer, u32 len) {}

void Z_Z2EZ2Fslugs_bgZ2EjsZ___wbg_publish_9b7d1e0a2c4f6d83(
    struct Z_Z2EZ2Fslugs_bgZ2Ejs_instance_t *host, u32 slug, u32 slug_len, u32 ranks, u32 count) {}

static struct Z_Z2EZ2Fslugs_bgZ2Ejs_instance_t host;
static Z_slugs_instance_t slugs;

static void real_load(void) {
  Z_slugs_init_module();
  Z_slugs_instantiate(&slugs, &host);
}

/* Returns the address of bytes of the guest; the generated code checks only the guest's own accesses. */
static u8 *guest(u32 pointer, u32 len) {
  if ((u64)pointer + len > slugs.w2c_memory.size) fail("out of bounds");
  return slugs.w2c_memory.data + pointer;
}

/* Returns the slug of a title; the caller frees it. */
static char *real_slug(const char *title) {
  u32 len = (u32)strlen(title);
  u32 pointer = Z_slugsZ___wbindgen_malloc(&slugs, len, 1);
  memcpy(guest(pointer, len), title, len);
  u32 result = Z_slugsZ___wbindgen_malloc(&slugs, 8, 4);
  Z_slugsZ_slug(&slugs, result, pointer, len);
  u32 slice[2];
  memcpy(slice, guest(result, 8), 8);
  char *text = malloc((size_t)slice[1] + 1);
  if (!text) fail("out of memory");
  memcpy(text, guest(slice[0], slice[1]), slice[1]);
  text[slice[1]] = 0;
  Z_slugsZ___wbindgen_free(&slugs, slice[0], slice[1], 1);
  Z_slugsZ___wbindgen_free(&slugs, result, 8, 4);
  return text;
}

static void real_instantiate(void) {
  Z_slugs_instance_t other;
  Z_slugs_instantiate(&other, &host);
  Z_slugs_free(&other);
}
