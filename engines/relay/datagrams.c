// UDP sockets in batches for the media relay (gateway/adapters/rtp-relay/io/native-io.ts says what each function promises).
//
// All sockets sit in one epoll set, and libuv watches that set. When it is readable, one datagram of each readable socket (up to
// `slotCount`) is received into a slot of a buffer that JavaScript shares, what it is goes into a row of numbers, and JavaScript
// is called once for all of them. What it wants to be sent, it marks in the rows, and calls `flush`. No thread, no allocation
// and no copy of ours per datagram; the decisions are all in TypeScript.
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

// Words of a row; the same numbers are in gateway/adapters/rtp-relay/io/packet-batch.ts.
enum { ROW_SOCKET, ROW_LENGTH, ROW_HOST, ROW_PORT = ROW_HOST + 4, ROW_TARGET, ROW_ARRIVAL, ROW_WORDS };
enum { MAX_SOCKETS = 65536, MAX_SLOTS = 1024 };
// Asked of the kernel for each socket, in bytes; it gives what net.core.rmem_max allows. Seconds of sound, for a thread that waits
// for its turn.
enum { BUFFER_BYTES = 1 << 20 };
// Under load batches begin no closer together than this: waking up costs as much as a packet does. A packet waits so long at most.
enum { BATCH_GAP_NS = 250000 };

typedef struct {
  int fd;  // −1: this number is free
  socklen_t peer_length;  // 0: aimed at nobody
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } peer;
} Socket;

typedef struct {
  uv_poll_t poll;
  napi_env env;
  napi_async_cleanup_hook_handle hook;
  napi_async_context context;
  napi_ref on_batch;
  napi_ref slots_ref;
  napi_ref rows_ref;
  uint8_t *slots;
  int32_t *rows;
  uint32_t stride;
  uint32_t slot_count;
  int epoll;
  int refs;  // one of the JavaScript handle, one of the libuv handle
  bool closing;
  bool stamped;  // ask the kernel when each datagram came
  uint64_t last_ns;  // when the last batch began
  uint32_t used;  // numbers ever given out
  uint32_t free_count;
  uint32_t *free;
  Socket *sockets;
} Io;

static napi_value throw_text(napi_env env, const char *text) {
  napi_throw_error(env, NULL, text);
  return NULL;
}

static napi_value make_int(napi_env env, int32_t value) {
  napi_value result;
  return napi_create_int32(env, value, &result) == napi_ok ? result : NULL;
}

static void release(Io *io) {
  if (--io->refs > 0) return;
  free(io->sockets);
  free(io->free);
  free(io);
}

static void on_poll_closed(uv_handle_t *handle) {
  Io *io = handle->data;
  if (io->hook != NULL) napi_remove_async_cleanup_hook(io->hook);
  io->hook = NULL;
  release(io);
}

// Closes sockets and stops watching. Safe to call twice.
static void shut(Io *io) {
  if (io->closing) return;
  io->closing = true;
  uv_poll_stop(&io->poll);
  for (uint32_t i = 0; i < io->used; i++) {
    if (io->sockets[i].fd >= 0) close(io->sockets[i].fd);
    io->sockets[i].fd = -1;
  }
  close(io->epoll);
  napi_delete_reference(io->env, io->on_batch);
  napi_delete_reference(io->env, io->slots_ref);
  napi_delete_reference(io->env, io->rows_ref);
  napi_async_destroy(io->env, io->context);
  uv_close((uv_handle_t *)&io->poll, on_poll_closed);
}

static void on_env_end(napi_async_cleanup_hook_handle hook, void *arg) {
  (void)hook;
  shut(arg);
}

static void on_handle_gone(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  shut(data);
  release(data);
}

// Microseconds of the wall clock, the lower 31 bits: differences count.
static int32_t stamp_of(const struct timespec *time) {
  return (int32_t)(((uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_nsec / 1000) & 0x7fffffff);
}

static void write_row(int32_t *row, uint32_t number, ssize_t length, const struct sockaddr_in6 *from) {
  row[ROW_SOCKET] = (int32_t)number;
  row[ROW_LENGTH] = (int32_t)length;
  row[ROW_TARGET] = -1;
  if (from->sin6_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
    row[ROW_HOST] = (int32_t)ntohl(v4->sin_addr.s_addr);
    row[ROW_HOST + 1] = row[ROW_HOST + 2] = row[ROW_HOST + 3] = 0;
    row[ROW_PORT] = ntohs(v4->sin_port);
    return;
  }
  for (int i = 0; i < 4; i++) {
    uint32_t word;
    memcpy(&word, from->sin6_addr.s6_addr + 4 * i, sizeof word);
    row[ROW_HOST + i] = (int32_t)ntohl(word);
  }
  row[ROW_PORT] = ntohs(from->sin6_port);
}

// recvfrom, and when the kernel got it.
static ssize_t receive_stamped(int fd, void *slot, size_t size, struct sockaddr_in6 *from, int32_t *stamp) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(struct timespec))];
  } control;
  struct iovec part = {.iov_base = slot, .iov_len = size};
  struct msghdr message = {.msg_name = from,
                           .msg_namelen = sizeof *from,
                           .msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  ssize_t length = recvmsg(fd, &message, MSG_DONTWAIT | MSG_TRUNC);
  struct timespec time = {0};
  for (struct cmsghdr *each = CMSG_FIRSTHDR(&message); length >= 0 && each != NULL; each = CMSG_NXTHDR(&message, each))
    if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SCM_TIMESTAMPNS) memcpy(&time, CMSG_DATA(each), sizeof time);
  *stamp = stamp_of(&time);
  return length;
}

static uint32_t receive(Io *io) {
  struct epoll_event events[MAX_SLOTS];
  int ready = epoll_wait(io->epoll, events, (int)io->slot_count, 0);
  uint32_t count = 0;
  for (int i = 0; i < ready; i++) {
    uint32_t number = events[i].data.u32;
    int fd = io->sockets[number].fd;
    uint8_t *slot = io->slots + (size_t)count * io->stride;
    int32_t *row = io->rows + count * ROW_WORDS;
    struct sockaddr_in6 from;
    socklen_t from_length = sizeof from;
    // MSG_TRUNC: the length of the whole datagram, even where the slot holds less of it.
    ssize_t length =
        io->stamped ? receive_stamped(fd, slot, io->stride, &from, &row[ROW_ARRIVAL])
                    : recvfrom(fd, slot, io->stride, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &from_length);
    if (length < 0) continue;
    write_row(row, number, length, &from);
    count++;
  }
  return count;
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  (void)events;
  Io *io = poll->data;
  if (status < 0) return;
  uint64_t since_ns = uv_hrtime() - io->last_ns;
  if (since_ns < BATCH_GAP_NS) {
    struct timespec rest = {.tv_sec = 0, .tv_nsec = (long)(BATCH_GAP_NS - since_ns)};
    nanosleep(&rest, NULL);
  }
  io->last_ns = uv_hrtime();
  uint32_t count = receive(io);
  if (count == 0) return;
  napi_env env = io->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value handler, global, argument, ignored;
  if (napi_get_reference_value(env, io->on_batch, &handler) == napi_ok && napi_get_global(env, &global) == napi_ok &&
      napi_create_uint32(env, count, &argument) == napi_ok &&
      napi_make_callback(env, io->context, global, handler, 1, &argument, &ignored) == napi_pending_exception) {
    napi_value error;
    if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

// Reads arguments; the first one is the handle. Returns NULL, with an exception pending, when they are not what they must be.
static Io *arguments(napi_env env, napi_callback_info info, size_t wanted, napi_value *values) {
  size_t count = wanted;
  void *data = NULL;
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count < wanted ||
      napi_get_value_external(env, values[0], &data) != napi_ok) {
    throw_text(env, "relay engine: wrong arguments");
    return NULL;
  }
  return data;
}

static Socket *socket_at(napi_env env, Io *io, napi_value value) {
  uint32_t number;
  if (napi_get_value_uint32(env, value, &number) != napi_ok || number >= io->used || io->sockets[number].fd < 0) return NULL;
  return &io->sockets[number];
}

// Fills an address from a literal and a port. Returns its length, 0 where it is none.
static socklen_t read_address(napi_env env, napi_value host, napi_value port, struct sockaddr_in6 *into) {
  char text[INET6_ADDRSTRLEN + 1];
  size_t length;
  uint32_t number;
  if (napi_get_value_string_utf8(env, host, text, sizeof text, &length) != napi_ok) return 0;
  if (napi_get_value_uint32(env, port, &number) != napi_ok || number > 65535) return 0;
  memset(into, 0, sizeof *into);
  struct sockaddr_in *v4 = (struct sockaddr_in *)into;
  if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)number);
    return sizeof *v4;
  }
  if (inet_pton(AF_INET6, text, &into->sin6_addr) != 1) return 0;
  into->sin6_family = AF_INET6;
  into->sin6_port = htons((uint16_t)number);
  return sizeof *into;
}

// create(slots: ArrayBuffer, rows: ArrayBuffer, strideBytes, slotCount, onBatch, stamped: boolean) → handle
static napi_value create(napi_env env, napi_callback_info info) {
  size_t count = 6;
  napi_value values[6];
  bool stamped;
  void *slots, *rows;
  size_t slots_bytes, rows_bytes;
  uint32_t stride, slot_count;
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count < 6 ||
      napi_get_value_bool(env, values[5], &stamped) != napi_ok ||
      napi_get_arraybuffer_info(env, values[0], &slots, &slots_bytes) != napi_ok ||
      napi_get_arraybuffer_info(env, values[1], &rows, &rows_bytes) != napi_ok ||
      napi_get_value_uint32(env, values[2], &stride) != napi_ok ||
      napi_get_value_uint32(env, values[3], &slot_count) != napi_ok || slot_count == 0 || slot_count > MAX_SLOTS ||
      slots_bytes < (size_t)stride * slot_count || rows_bytes < (size_t)slot_count * ROW_WORDS * sizeof(int32_t))
    return throw_text(env, "relay engine: wrong arguments");

  Io *io = calloc(1, sizeof *io);
  if (io == NULL) return throw_text(env, "relay engine: out of memory");
  io->sockets = calloc(MAX_SOCKETS, sizeof *io->sockets);
  io->free = calloc(MAX_SOCKETS, sizeof *io->free);
  io->epoll = epoll_create1(EPOLL_CLOEXEC);
  uv_loop_t *loop = NULL;
  napi_value name, handle;
  if (io->sockets == NULL || io->free == NULL || io->epoll < 0 || napi_get_uv_event_loop(env, &loop) != napi_ok ||
      uv_poll_init(loop, &io->poll, io->epoll) != 0) {
    if (io->epoll >= 0) close(io->epoll);
    free(io->sockets);
    free(io->free);
    free(io);
    return throw_text(env, "relay engine: no memory or no file descriptors left");
  }
  io->env = env;
  io->slots = slots;
  io->rows = rows;
  io->stride = stride;
  io->slot_count = slot_count;
  io->stamped = stamped;
  io->refs = 2;
  io->poll.data = io;
  napi_create_string_utf8(env, "ringfence.relay", NAPI_AUTO_LENGTH, &name);
  napi_create_reference(env, values[0], 1, &io->slots_ref);
  napi_create_reference(env, values[1], 1, &io->rows_ref);
  napi_create_reference(env, values[4], 1, &io->on_batch);
  napi_async_init(env, NULL, name, &io->context);
  napi_add_async_cleanup_hook(env, on_env_end, io, &io->hook);
  uv_poll_start(&io->poll, UV_READABLE, on_readable);
  napi_create_external(env, io, on_handle_gone, NULL, &handle);
  return handle;
}

// open(handle, host, port) → the socket's number, or minus an errno
static napi_value open_socket(napi_env env, napi_callback_info info) {
  napi_value values[3];
  Io *io = arguments(env, info, 3, values);
  if (io == NULL) return NULL;
  struct sockaddr_in6 address;
  socklen_t length = read_address(env, values[1], values[2], &address);
  if (length == 0) return make_int(env, -EINVAL);
  if (io->closing) return make_int(env, -EBADF);
  if (io->free_count == 0 && io->used >= MAX_SOCKETS) return make_int(env, -EMFILE);
  int fd = socket(address.sin6_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return make_int(env, -errno);
  int one = 1;
  int buffer = BUFFER_BYTES;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  if (io->stamped) setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
  if (address.sin6_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  uint32_t number = io->free_count > 0 ? io->free[io->free_count - 1] : io->used;
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
  if (bind(fd, (struct sockaddr *)&address, length) != 0 || epoll_ctl(io->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    int error = errno;
    close(fd);
    return make_int(env, -error);
  }
  if (io->free_count > 0) io->free_count--;
  else io->used++;
  io->sockets[number].fd = fd;
  io->sockets[number].peer_length = 0;
  return make_int(env, (int32_t)number);
}

// port(handle, socket) → the port it is bound to; 0: no such socket
static napi_value port_of(napi_env env, napi_callback_info info) {
  napi_value values[2];
  Io *io = arguments(env, info, 2, values);
  if (io == NULL) return NULL;
  Socket *socket = socket_at(env, io, values[1]);
  struct sockaddr_in6 address;
  socklen_t length = sizeof address;
  if (socket == NULL || getsockname(socket->fd, (struct sockaddr *)&address, &length) != 0) return make_int(env, 0);
  // The port is at the same place in both families.
  return make_int(env, ntohs(address.sin6_port));
}

// aim(handle, socket, host, port) → whether it is an address; without a socket nothing happens
static napi_value aim(napi_env env, napi_callback_info info) {
  napi_value values[4];
  Io *io = arguments(env, info, 4, values);
  if (io == NULL) return NULL;
  struct sockaddr_in6 address;
  Socket *socket = socket_at(env, io, values[1]);
  socklen_t length = read_address(env, values[2], values[3], &address);
  if (socket != NULL) {
    socket->peer_length = length;
    if (length > 0) memcpy(&socket->peer, &address, length);
  }
  napi_value result;
  return napi_get_boolean(env, length > 0, &result) == napi_ok ? result : NULL;
}

static bool send_bytes(const Socket *socket, const void *bytes, size_t length) {
  return sendto(socket->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL, &socket->peer.any, socket->peer_length) >= 0;
}

// flush(handle, count) → how many of the marked ones the system refused
static napi_value flush(napi_env env, napi_callback_info info) {
  napi_value values[2];
  Io *io = arguments(env, info, 2, values);
  if (io == NULL) return NULL;
  uint32_t count;
  if (napi_get_value_uint32(env, values[1], &count) != napi_ok || count > io->slot_count)
    return throw_text(env, "relay engine: wrong arguments");
  int32_t refused = 0;
  for (uint32_t i = 0; i < count; i++) {
    const int32_t *row = io->rows + i * ROW_WORDS;
    if (row[ROW_TARGET] < 0 || (uint32_t)row[ROW_TARGET] >= io->used) continue;
    const Socket *socket = &io->sockets[row[ROW_TARGET]];
    uint32_t length = (uint32_t)row[ROW_LENGTH];
    if (socket->fd < 0 || socket->peer_length == 0) continue;
    if (length > io->stride || !send_bytes(socket, io->slots + (size_t)i * io->stride, length)) refused++;
  }
  return make_int(env, refused);
}

// send(handle, socket, bytes: Uint8Array) → whether the system took it
static napi_value send_one(napi_env env, napi_callback_info info) {
  napi_value values[3];
  Io *io = arguments(env, info, 3, values);
  if (io == NULL) return NULL;
  napi_typedarray_type type;
  size_t length;
  void *bytes;
  if (napi_get_typedarray_info(env, values[2], &type, &length, &bytes, NULL, NULL) != napi_ok || type != napi_uint8_array)
    return throw_text(env, "relay engine: wrong arguments");
  const Socket *socket = socket_at(env, io, values[1]);
  napi_value result;
  bool taken = socket != NULL && socket->peer_length > 0 && send_bytes(socket, bytes, length);
  return napi_get_boolean(env, taken, &result) == napi_ok ? result : NULL;
}

// close(handle, socket); what is no socket is let be
static napi_value close_socket(napi_env env, napi_callback_info info) {
  napi_value values[2];
  Io *io = arguments(env, info, 2, values);
  if (io == NULL) return NULL;
  Socket *socket = socket_at(env, io, values[1]);
  if (socket == NULL) return NULL;
  close(socket->fd);
  socket->fd = -1;
  io->free[io->free_count++] = (uint32_t)(socket - io->sockets);
  return NULL;
}

// clock() → the wall clock as rows have it
static napi_value clock_now(napi_env env, napi_callback_info info) {
  (void)info;
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return make_int(env, stamp_of(&time));
}

// dispose(handle): closes everything; the handle is of no use any more. Safe to call twice
static napi_value dispose(napi_env env, napi_callback_info info) {
  napi_value values[1];
  Io *io = arguments(env, info, 1, values);
  if (io != NULL) shut(io);
  return NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"create", NULL, create, NULL, NULL, NULL, napi_enumerable, NULL},
      {"open", NULL, open_socket, NULL, NULL, NULL, napi_enumerable, NULL},
      {"port", NULL, port_of, NULL, NULL, NULL, napi_enumerable, NULL},
      {"aim", NULL, aim, NULL, NULL, NULL, napi_enumerable, NULL},
      {"flush", NULL, flush, NULL, NULL, NULL, napi_enumerable, NULL},
      {"send", NULL, send_one, NULL, NULL, NULL, napi_enumerable, NULL},
      {"close", NULL, close_socket, NULL, NULL, NULL, napi_enumerable, NULL},
      {"clock", NULL, clock_now, NULL, NULL, NULL, napi_enumerable, NULL},
      {"dispose", NULL, dispose, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}
