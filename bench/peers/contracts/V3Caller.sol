// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

interface IPool {
    function token0() external view returns (IERC20);
    function token1() external view returns (IERC20);
    function swap(address recipient, bool zeroForOne, int256 amount, uint160 limit, bytes calldata data)
        external
        returns (int256, int256);
    function mint(address recipient, int24 lower, int24 upper, uint128 amount, bytes calldata data)
        external
        returns (uint256, uint256);
    function burn(int24 lower, int24 upper, uint128 amount) external returns (uint256, uint256);
    function collect(address recipient, int24 lower, int24 upper, uint128 amount0, uint128 amount1)
        external
        returns (uint128, uint128);
}

/// A pool asks its caller to pay in the middle of a call: the least a contract can do for that. The
/// tokens and positions are its own.
contract V3Caller {
    IPool private immutable pool;
    IERC20 private immutable token0;
    IERC20 private immutable token1;

    constructor(IPool pool_) {
        pool = pool_;
        token0 = pool_.token0();
        token1 = pool_.token1();
    }

    function swap(bool zeroForOne, int256 amount, uint160 limit) external {
        pool.swap(msg.sender, zeroForOne, amount, limit, "");
    }

    function mint(int24 lower, int24 upper, uint128 liquidity) external {
        pool.mint(address(this), lower, upper, liquidity, "");
    }

    function mintAndBurn(int24 lower, int24 upper, uint128 liquidity) external {
        pool.mint(address(this), lower, upper, liquidity, "");
        pool.burn(lower, upper, liquidity);
        pool.collect(msg.sender, lower, upper, type(uint128).max, type(uint128).max);
    }

    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata) external {
        if (amount0 > 0) token0.transfer(msg.sender, uint256(amount0));
        else token1.transfer(msg.sender, uint256(amount1));
    }

    function uniswapV3MintCallback(uint256 amount0, uint256 amount1, bytes calldata) external {
        if (amount0 > 0) token0.transfer(msg.sender, amount0);
        if (amount1 > 0) token1.transfer(msg.sender, amount1);
    }
}
