// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

interface IPair {
    function swap(uint256 amount0Out, uint256 amount1Out, address to, bytes calldata data) external;
}

/// An EVM transaction is one call, and a pair must be paid and called in the same transaction: the
/// least a contract can do for that. The tokens paid are its own.
contract PairCaller {
    function swap(IERC20 token, IPair pair, uint256 amountIn, uint256 amount0Out, uint256 amount1Out, address to)
        external
    {
        token.transfer(address(pair), amountIn);
        pair.swap(amount0Out, amount1Out, to, "");
    }
}
