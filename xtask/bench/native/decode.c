/* Times LodePNG, which is linked as native code, or as what wasm2c made of the module (WASM2C).
 *
 *   decode FILE TURNS   prints the nanoseconds of the fastest turn, and the FNV-1a hash of the pixels
 *   decode --make FILE  writes the image that is decoded (native only) */
#define _POSIX_C_SOURCE 199309L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The pixels of an image, and how many bytes they are. */
struct image {
  uint8_t *pixels;
  size_t size;
};

#ifdef WASM2C
#include "module.h"

static Z_module_instance_t instance;

static void start(void) {
  wasm_rt_init();
  Z_module_init_module();
  Z_module_instantiate(&instance);
}

/* Copies the file into the memory and the pixels out of it, as a host does. */
static struct image decode(const uint8_t *file, size_t size) {
  struct image image = {NULL, 0};
  wasm_rt_memory_t *memory = Z_moduleZ_memory(&instance);
  u32 copy = Z_moduleZ_malloc(&instance, (u32)size);
  u32 header = Z_moduleZ_malloc(&instance, 8);
  memcpy(memory->data + copy, file, size);
  if (Z_moduleZ_decode(&instance, header, copy, (u32)size) == 0) {
    u32 pixels = Z_moduleZ_pixels(&instance, header);
    u32 bytes;
    memcpy(&bytes, memory->data + header, 4);
    image.size = bytes;
    image.pixels = malloc(bytes);
    memcpy(image.pixels, memory->data + pixels, bytes);
    Z_moduleZ_free(&instance, pixels);
  }
  Z_moduleZ_free(&instance, header);
  Z_moduleZ_free(&instance, copy);
  return image;
}
#else
#define EXPORT(name)
#include "png.c"

static void start(void) {}

static struct image decode(const uint8_t *file, size_t size) {
  struct image image = {NULL, 0};
  struct header header;
  if (png_decode(&header, file, size) == 0) image.pixels = png_pixels(&image.size);
  return image;
}

/* Writes an image like a photo: soft colors, edges, and some noise. */
static int make(const char *path) {
  enum { WIDTH = 1024, HEIGHT = 768 };
  uint8_t *pixels = malloc(WIDTH * HEIGHT * 4);
  uint32_t noise = 1;
  for (uint32_t y = 0; y < HEIGHT; y++) {
    for (uint32_t x = 0; x < WIDTH; x++) {
      noise = noise * 1664525 + 1013904223;
      uint8_t *pixel = pixels + (y * WIDTH + x) * 4;
      uint32_t edge = ((x / 128 + y / 96) % 2) * 60;
      pixel[0] = (uint8_t)(x / 8 + edge + noise % 64 / 16);
      pixel[1] = (uint8_t)(y / 6 + edge + (noise >> 8) % 64 / 16);
      pixel[2] = (uint8_t)((x + y) / 16 + edge + (noise >> 16) % 64 / 16);
      pixel[3] = 255;
    }
  }
  return (int)lodepng_encode32_file(path, pixels, WIDTH, HEIGHT);
}
#endif

static uint8_t *read_file(const char *path, size_t *size) {
  FILE *stream = fopen(path, "rb");
  if (stream == NULL || fseek(stream, 0, SEEK_END) != 0) exit(1);
  *size = (size_t)ftell(stream);
  rewind(stream);
  uint8_t *bytes = malloc(*size);
  if (bytes == NULL || fread(bytes, 1, *size, stream) != *size) exit(1);
  fclose(stream);
  return bytes;
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t hash(const struct image *image) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t at = 0; at < image->size; at++) hash = (hash ^ image->pixels[at]) * 0x100000001b3;
  return hash;
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
#ifndef WASM2C
  if (strcmp(arguments[1], "--make") == 0) return make(arguments[2]);
#endif
  start();
  size_t size;
  uint8_t *file = read_file(arguments[1], &size);
  uint64_t fastest = UINT64_MAX, checksum = 0;
  for (int turns = atoi(arguments[2]); turns > 0; turns--) {
    uint64_t began = now();
    struct image image = decode(file, size);
    uint64_t elapsed = now() - began;
    if (elapsed < fastest) fastest = elapsed;
    if (image.pixels == NULL) return 1;
    checksum = hash(&image);
    free(image.pixels);
  }
  printf("%llu %016llx\n", (unsigned long long)fastest, (unsigned long long)checksum);
  return 0;
}
