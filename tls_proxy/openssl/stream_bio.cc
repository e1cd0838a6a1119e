#include "tls_proxy/openssl/stream_bio.h"

#include <algorithm>
#include <cstring>

namespace limpid::openssl {

namespace {

StreamBio& of(BIO* bio) { return *static_cast<StreamBio*>(BIO_get_data(bio)); }

int read_bio(BIO* bio, char* into, std::size_t size, std::size_t* done) {
  BIO_clear_retry_flags(bio);
  *done = of(bio).read({reinterpret_cast<std::byte*>(into), size});
  if (*done > 0) return 1;
  BIO_set_retry_read(bio);
  return 0;
}

int write_bio(BIO* bio, const char* from, std::size_t size, std::size_t* done) {
  BIO_clear_retry_flags(bio);
  of(bio).write({reinterpret_cast<const std::byte*>(from), size});
  *done = size;
  return 1;
}

long control_bio(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_PENDING:
      return static_cast<long>(of(bio).stream().readable());
    default:
      return 0;  // no EOF, no kernel TLS, no datagrams
  }
}

/// Made once, on first use, and never freed: BIOs of all workers refer to it.
const BIO_METHOD* method() {
  static const BIO_METHOD* const kMethod = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "limpid stream");
    BIO_meth_set_read_ex(made, read_bio);
    BIO_meth_set_write_ex(made, write_bio);
    BIO_meth_set_ctrl(made, control_bio);
    return made;
  }();
  return kMethod;
}

}  // namespace

BioPtr StreamBio::make() {
  BioPtr bio(BIO_new(method()));
  if (!bio) return bio;
  BIO_set_data(bio.get(), this);
  BIO_set_init(bio.get(), 1);
  return bio;
}

std::size_t StreamBio::read(MutableBytes into) {
  const std::size_t size = take(into);
  if (watcher_ != nullptr && size > 0) watcher_->on_read(into.first(size));
  return size;
}

std::size_t StreamBio::take(MutableBytes into) {
  if (!front_.empty()) {
    const std::size_t size = std::min(into.size(), front_.size() - front_at_);
    std::memcpy(into.data(), front_.data() + front_at_, size);
    front_at_ += size;
    if (front_at_ == front_.size()) std::vector<std::byte>().swap(front_);
    return size;
  }
  const std::size_t size = stream_->copy_front(into);
  if (size > 0) stream_->consume(size);
  return size;
}

void StreamBio::write(Bytes bytes) {
  if (finished_ || finish_due_) return;  // an alert after our FIN: nobody will read it
  if (watcher_ != nullptr) watcher_->on_written(bytes);
  flush();
  if (kept_.empty()) bytes = bytes.subspan(stream_->write(bytes));
  if (bytes.empty() || stream_->failure() != Reason::none) return;
  kept_.insert(kept_.end(), bytes.begin(), bytes.end());
}

void StreamBio::flush() {
  if (!kept_.empty()) {
    const std::size_t taken = stream_->failure() != Reason::none ? kept_.size() : stream_->write(kept_);
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(taken));
    if (kept_.empty()) std::vector<std::byte>().swap(kept_);
  }
  if (finish_due_ && kept_.empty()) {
    finish_due_ = false;
    finished_ = true;
    stream_->finish();
  }
}

void StreamBio::finish() {
  if (finished_) return;
  if (watcher_ != nullptr && !finish_due_) watcher_->on_finished();
  finish_due_ = true;
  flush();
}

}  // namespace limpid::openssl
