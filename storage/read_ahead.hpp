#pragma once

#include "storage/channel.hpp"
#include "storage/database.hpp"

#include <cstddef>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace runnel::storage
{

/// The rows of a query, read and decoded by a thread of their own, on a connection of their own,
/// ahead of whoever takes them; some thousands of rows ahead at most. Order, values and errors are
/// those of stepping through the query: an error comes where its row would have come.
template <typename Row>
class ReadAhead
{
public:
    /// What a row of the statement says; a StorageError if it says nothing that it may.
    using Decode = std::function<Row(const Statement&)>;

    ReadAhead(Database database, const std::string& sql, Decode decode)
      : database_{std::move(database)},
        statement_{database_.prepare(sql)},
        decode_{std::move(decode)},
        reader_{[this] { read(); }}
    {}
    ReadAhead(const ReadAhead&) = delete;
    ReadAhead& operator=(const ReadAhead&) = delete;
    ~ReadAhead()
    {
        batches_.cancel();
        reader_.join();
    }

    /// The next row, valid until the next call; null after the last.
    [[nodiscard]] const Row* next()
    {
        while (taken_ == batch_.rows.size())
        {
            if (batch_.error)
                std::rethrow_exception(batch_.error);
            auto more = batches_.pop();
            if (!more)
                return nullptr;
            batch_ = std::move(*more);
            taken_ = 0;
        }
        return &batch_.rows[taken_++];
    }

private:
    static constexpr std::size_t batch_rows = 1024;
    static constexpr std::size_t batches_max = 8;  // Waiting to be taken.

    struct Batch
    {
        std::vector<Row> rows;
        std::exception_ptr error;  // After these rows.
    };

    void read() noexcept
    {
        for (bool has_more = true; has_more;)
        {
            Batch batch;
            try
            {
                batch.rows.reserve(batch_rows);
                while (batch.rows.size() < batch_rows && (has_more = statement_.step()))
                    batch.rows.push_back(decode_(statement_));
            }
            catch (...)
            {
                batch.error = std::current_exception();
                has_more = false;
            }
            if (!batches_.push(std::move(batch), 1))
                return;
        }
        batches_.close();
    }

    Database database_;
    Statement statement_;
    Decode decode_;
    Channel<Batch> batches_{batches_max};
    Batch batch_;            // Of the taker.
    std::size_t taken_ = 0;  // Rows of it.
    std::thread reader_;     // Last: it uses all of the others.
};

}  // namespace runnel::storage
