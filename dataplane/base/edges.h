// State machines as tables: the legal transitions of a machine are one constexpr list at the top of its
// file. allow() is asked at run time (a transition outside the table is a defect) and in static_asserts;
// a test prints the list as the diagram in the docs.
#pragma once

#include <array>
#include <cstddef>

namespace limpid {

template <typename State>
struct Edge {
  State from;
  State to;
};

template <typename State, std::size_t N>
struct Edges {
  std::array<Edge<State>, N> list;

  constexpr bool allow(State from, State to) const {
    for (const Edge<State>& edge : list) {
      if (edge.from == from && edge.to == to) return true;
    }
    return false;
  }
};

}  // namespace limpid
