// A nonblocking stream socket that remembers what the kernel said about it. Internal to net.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "net/epoll_loop.h"
#include "net/file_handle.h"

namespace herold::net {

// Reads and writes without asking the kernel what it has said already. Under TLS, OpenSSL reads
// and writes through it as well.
class Socket {
 public:
  Socket(FileHandle file, std::uint32_t turn_bytes)
      : file_(std::move(file)), turn_bytes_(turn_bytes), budget_(turn_bytes) {}

  int fd() const { return file_.get(); }
  void note(Readiness ready);
  void forget();  // before another loop watches it, which will tell everything again
  void begin_turn() { budget_ = turn_bytes_; }

  // 0 when there is nothing now, the turn's share is used up, or nothing will come any more.
  std::size_t read(std::span<char> buffer);
  std::size_t write(std::string_view bytes);
  void send_fin();
  // Reads and drops what has arrived, so that closing does not reset the connection before the
  // peer has read our last words; at most one turn's share.
  void drain();

  bool readable() const { return readable_ && !at_end(); }
  bool writable() const { return writable_; }
  bool at_end() const { return end_ || read_error_ != 0; }  // nothing more will be read
  bool write_failed() const { return write_error_ != 0; }
  int error() const { return read_error_ != 0 ? read_error_ : write_error_; }  // errno or 0

 private:
  FileHandle file_;
  std::uint32_t turn_bytes_;
  std::uint32_t budget_;
  int read_error_ = 0;
  int write_error_ = 0;
  bool readable_ = false;
  bool writable_ = false;
  bool hangup_ = false;
  bool end_ = false;
};

}  // namespace herold::net
